//! Good and bad histories of objects with one value.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use common::{bad, good};
use plimsoll_histories::{Operation, OperationOf};

mod once {
    use plimsoll_histories::specs::once::{Answer, Call, Once};

    use super::{Operation, OperationOf, bad, good};

    fn op(call: Call, answer: Answer, called: u64, returned: u64) -> OperationOf<Once> {
        Operation::answered(called as usize, call, answer, called, returned)
    }

    #[test]
    fn one_of_many_wins_and_a_release_frees() {
        let history = [
            op(Call::Try, Answer::False, 1, 9),
            op(Call::Try, Answer::True, 2, 8),
            op(Call::Find, Answer::True, 10, 11),
            op(Call::Release, Answer::Done, 12, 15),
            op(Call::Find, Answer::False, 13, 14),
            op(Call::Try, Answer::True, 14, 16),
            op(Call::Try, Answer::False, 17, 18),
        ];
        good(&Once::claim(), &history);
        good(&Once::dispatch(), &history);
    }

    #[test]
    fn a_double_winner_is_found() {
        let history = [op(Call::Try, Answer::True, 1, 4), op(Call::Try, Answer::True, 2, 3)];
        assert_eq!(bad(&Once::claim(), &history), "try -> true");
    }

    #[test]
    fn a_loser_without_a_winner_is_found() {
        let history = [op(Call::Try, Answer::False, 1, 4), op(Call::Try, Answer::True, 5, 6)];
        assert_eq!(bad(&Once::claim(), &history), "try -> false");
    }

    #[test]
    fn a_release_that_did_nothing_is_found() {
        let history = [
            op(Call::Try, Answer::True, 1, 2),
            op(Call::Release, Answer::Done, 3, 4),
            op(Call::Try, Answer::False, 5, 6),
        ];
        assert_eq!(bad(&Once::dispatch(), &history), "try -> false");
    }

    #[test]
    fn a_phantom_in_the_list_is_found() {
        let history = [op(Call::Find, Answer::True, 1, 2), op(Call::Try, Answer::True, 3, 4)];
        assert_eq!(bad(&Once::dispatch(), &history), "find -> true");
    }

    #[test]
    fn only_the_list_of_claims_may_leave_out_what_is_finished() {
        let history = [
            op(Call::Try, Answer::True, 1, 2),
            op(Call::Finish, Answer::Done, 3, 4),
            op(Call::Find, Answer::False, 5, 6),
            op(Call::Find, Answer::True, 7, 8),
            op(Call::Try, Answer::False, 9, 10),
        ];
        good(&Once::claim(), &history);
        assert_eq!(bad(&Once::dispatch(), &history), "find -> false");
        assert_eq!(bad(&Once::claim(), &[history[0].clone(), history[2].clone()]), "find -> false");
    }

    #[test]
    fn a_try_without_an_answer_must_have_won() {
        let lost = op(Call::Try, Answer::False, 5, 6);
        good(&Once::claim(), &[Operation::open(0, Call::Try, 1), lost.clone()]);
        good(&Once::claim(), &[Operation::open(0, Call::Try, 6), lost.clone()]);
        let too_late = [Operation::open(0, Call::Try, 7), lost];
        assert_eq!(bad(&Once::claim(), &too_late), "try -> false");
    }

    #[test]
    fn a_try_without_an_answer_must_not_have_won() {
        let wins = op(Call::Try, Answer::True, 5, 6);
        good(&Once::claim(), &[Operation::open(0, Call::Try, 1), wins.clone()]);
        let seen = op(Call::Find, Answer::True, 3, 4);
        let history = [Operation::open(0, Call::Try, 1), seen, wins];
        assert_eq!(bad(&Once::claim(), &history), "try -> true");
    }
}

mod first_value {
    use plimsoll_histories::specs::first_value::{Answer, Call, FirstValue};

    use super::{Operation, OperationOf, bad, good};

    type Spec = FirstValue<u8>;

    fn op(call: Call<u8>, answer: Answer<u8>, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, call, answer, called, returned)
    }

    #[test]
    fn the_first_stays() {
        let history = [
            op(Call::Find, Answer::Found(None), 1, 5),
            op(Call::Try(1), Answer::Won(false), 2, 6),
            op(Call::Try(2), Answer::Won(true), 3, 4),
            op(Call::Find, Answer::Found(Some(2)), 7, 8),
        ];
        good(&Spec::default(), &history);
    }

    #[test]
    fn finding_the_losers_value_is_found() {
        let history = [
            op(Call::Try(1), Answer::Won(false), 1, 4),
            op(Call::Try(2), Answer::Won(true), 2, 3),
            op(Call::Find, Answer::Found(Some(1)), 5, 6),
        ];
        assert_eq!(bad(&Spec::default(), &history), "find -> Some(1)");
    }

    #[test]
    fn not_finding_what_collides_is_found() {
        let history =
            [op(Call::Try(1), Answer::Won(true), 1, 2), op(Call::Find, Answer::Found(None), 3, 4)];
        assert_eq!(bad(&Spec::default(), &history), "find -> None");
    }

    #[test]
    fn two_winners_are_found() {
        let history =
            [op(Call::Try(1), Answer::Won(true), 1, 9), op(Call::Try(1), Answer::Won(true), 2, 8)];
        assert_eq!(bad(&Spec::default(), &history), "try(1) -> true");
    }

    #[test]
    fn an_open_try_sets_its_own_value_or_none() {
        let open = Operation::open(0, Call::Try(1), 1);
        let find = |value| op(Call::Find, Answer::Found(value), 2, 3);
        good(&Spec::default(), &[open.clone(), find(Some(1))]);
        good(&Spec::default(), &[open.clone(), find(None)]);
        assert_eq!(bad(&Spec::default(), &[open, find(Some(2))]), "find -> Some(2)");
    }
}

mod nonces {
    use plimsoll_histories::specs::nonces::{Answer, Call, Nonces};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Nonces<char, u8>;

    fn op(call: Call<char, u8>, answer: Answer, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, call, answer, called, returned)
    }

    #[test]
    fn expired_ones_block_until_they_are_purged() {
        let history = [
            op(Call::Try('a', 5), Answer::New(true), 1, 2),
            op(Call::Try('b', 6), Answer::New(true), 1, 2),
            op(Call::Try('a', 9), Answer::New(false), 3, 4),
            op(Call::Purge(5), Answer::Purged(1), 5, 8),
            op(Call::Try('a', 9), Answer::New(true), 6, 7),
            op(Call::Purge(8), Answer::Purged(1), 9, 10),
        ];
        good(&Spec::default(), &history);
    }

    #[test]
    fn a_replay_that_is_accepted_is_found() {
        let history = [
            op(Call::Try('a', 5), Answer::New(true), 1, 2),
            op(Call::Purge(4), Answer::Purged(0), 3, 4),
            op(Call::Try('a', 5), Answer::New(true), 5, 6),
        ];
        assert_eq!(bad(&Spec::default(), &history), "try('a', 5) -> true");
    }

    #[test]
    fn a_replay_that_extends_the_expiry_is_found() {
        let history = [
            op(Call::Try('a', 5), Answer::New(true), 1, 2),
            op(Call::Try('a', 9), Answer::New(false), 3, 4),
            op(Call::Purge(5), Answer::Purged(0), 5, 6),
        ];
        assert_eq!(bad(&Spec::default(), &history), "purge(5) -> 0");
    }

    #[test]
    fn two_purges_that_count_one_nonce_are_found() {
        let history = [
            op(Call::Try('a', 5), Answer::New(true), 1, 2),
            op(Call::Purge(5), Answer::Purged(1), 3, 6),
            op(Call::Purge(5), Answer::Purged(1), 4, 5),
        ];
        assert_eq!(bad(&Spec::default(), &history), "purge(5) -> 1");
    }
}

mod latches {
    use plimsoll_histories::specs::latches::{Answer, Call, Flags, Latches};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Latches<&'static str>;

    const SPEC: Spec = Latches::new("Run timed out.");

    type Text = &'static str;

    fn op(call: Call<Text>, answer: Answer<Text>, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, call, answer, called, returned)
    }

    fn flags(cancelled: bool, timed_out: bool, reason: Option<Text>) -> Answer<Text> {
        Answer::Flags(Some(Flags { cancelled, timed_out, reason }))
    }

    fn configured() -> OperationOf<Spec> {
        op(Call::Configure, Answer::Done, 1, 2)
    }

    #[test]
    fn a_cancellation_and_a_timeout_keep_the_right_reason() {
        let history = [
            op(Call::Cancel(None), Answer::Set(false), 0, 0),
            configured(),
            op(Call::Cancel(Some("Ada")), Answer::Set(true), 3, 8),
            op(Call::Cancel(Some("Bob")), Answer::Set(false), 4, 9),
            op(Call::TimeOut(None), Answer::Set(true), 10, 11),
            op(Call::Configure, Answer::Done, 12, 13),
            op(Call::Get, flags(true, true, Some("Ada")), 14, 15),
        ];
        good(&SPEC, &history);
    }

    #[test]
    fn the_reason_of_a_timeout_is_one_of_two_and_stays() {
        let get = |reason, at| op(Call::Get, flags(true, true, reason), at, at);
        let timed_out = op(Call::TimeOut(None), Answer::Set(true), 3, 4);
        let none = [configured(), timed_out.clone(), get(None, 5), get(None, 6)];
        good(&SPEC, &none);
        let words = Some("Run timed out.");
        good(&SPEC, &[configured(), timed_out.clone(), get(words, 5), get(words, 6)]);
        let other = [configured(), timed_out.clone(), get(Some("?"), 5)];
        assert!(bad(&SPEC, &other).starts_with("get -> "));
        let both = [configured(), timed_out, get(None, 5), get(words, 6)];
        assert!(bad(&SPEC, &both).contains("Run timed out."));
    }

    #[test]
    fn the_reason_of_a_loser_is_found() {
        let history = [
            configured(),
            op(Call::Cancel(Some("Ada")), Answer::Set(true), 3, 4),
            op(Call::Cancel(Some("Bob")), Answer::Set(false), 3, 4),
            op(Call::Get, flags(true, false, Some("Bob")), 5, 6),
        ];
        assert!(bad(&SPEC, &history).contains("Bob"));
    }

    #[test]
    fn a_cancellation_after_a_timeout_is_found() {
        let history = [
            configured(),
            op(Call::TimeOut(None), Answer::Set(true), 3, 4),
            op(Call::Cancel(None), Answer::Set(true), 5, 6),
        ];
        assert_eq!(bad(&SPEC, &history), "cancel(None) -> true");
    }

    #[test]
    fn a_flag_that_configuring_lost_is_found() {
        let history = [
            configured(),
            op(Call::Cancel(None), Answer::Set(true), 3, 4),
            op(Call::Configure, Answer::Done, 5, 6),
            op(Call::Get, flags(false, false, None), 7, 8),
        ];
        assert!(bad(&SPEC, &history).contains("cancelled: false"));
    }

    #[test]
    fn success_without_a_record_is_found() {
        let history = [op(Call::TimeOut(None), Answer::Set(true), 1, 2)];
        assert_eq!(bad(&SPEC, &history), "time-out(None) -> true");
        good(&SPEC, &[op(Call::Get, Answer::Flags(None), 1, 2)]);
    }
}
