//! Good and bad histories of registers, waiters, logs and attempts.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

mod common;

use common::{bad, good};
use plimsoll_histories::{Operation, OperationOf};

mod register {
    use plimsoll_histories::specs::register::{Answer, Call, Register};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Register<u8>;

    fn write(value: u8, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, Call::Write(value), Answer::Done, called, returned)
    }

    fn read(value: Option<u8>, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, Call::Read, Answer::Value(value), called, returned)
    }

    #[test]
    fn the_last_writer_wins() {
        let delete = Operation::answered(0, Call::Delete, Answer::Done, 9, 12);
        let history = [
            read(None, 1, 4),
            write(1, 2, 6),
            write(2, 3, 5),
            read(Some(2), 4, 5),
            read(Some(1), 7, 8),
            delete,
            read(Some(1), 10, 11),
            read(None, 13, 14),
        ];
        good(&Spec::default(), &history);
    }

    #[test]
    fn a_stale_read_is_found() {
        let history = [write(1, 1, 2), write(2, 3, 4), read(Some(1), 5, 6)];
        assert_eq!(bad(&Spec::default(), &history), "read -> Some(1)");
    }

    #[test]
    fn a_lost_update_is_found() {
        let history = [write(1, 1, 2), read(None, 3, 4)];
        assert_eq!(bad(&Spec::default(), &history), "read -> None");
    }

    #[test]
    fn a_read_of_the_future_is_found() {
        let history = [read(Some(1), 1, 2), write(1, 3, 4)];
        assert_eq!(bad(&Spec::default(), &history), "read -> Some(1)");
    }

    #[test]
    fn a_read_that_goes_back_is_found() {
        let history = [write(1, 1, 9), read(Some(1), 2, 3), read(None, 4, 5)];
        assert_eq!(bad(&Spec::default(), &history), "read -> None");
    }

    #[test]
    fn readers_who_disagree_are_found() {
        let history = [write(1, 1, 3), write(2, 2, 4), read(Some(1), 5, 6), read(Some(2), 7, 8)];
        assert_eq!(bad(&Spec::default(), &history), "read -> Some(2)");
    }

    #[test]
    fn equal_stamps_overlap() {
        good(&Spec::default(), &[write(1, 1, 2), read(None, 2, 3)]);
        good(&Spec::default(), &[read(Some(1), 1, 2), write(1, 2, 3)]);
        good(&Spec::default(), &[write(1, 5, 5), read(None, 5, 5), read(Some(1), 5, 5)]);
        bad(&Spec::default(), &[write(1, 1, 2), read(None, 3, 3)]);
    }

    #[test]
    fn an_open_write_takes_effect_late_or_never() {
        let mut history = vec![Operation::open(9, Call::Write(2), 1), write(1, 2, 3)];
        history.extend([read(Some(1), 4, 5), read(Some(2), 6, 7)]);
        good(&Spec::default(), &history[..3]);
        good(&Spec::default(), &history);
        history.push(read(Some(1), 8, 9));
        assert_eq!(bad(&Spec::default(), &history), "read -> Some(1)");
    }

    #[test]
    fn a_call_that_ended_without_an_answer_is_open() {
        let write_2 = Operation { returned: Some(2), ..Operation::open(9, Call::Write(2), 1) };
        good(&Spec::default(), &[write_2.clone(), read(None, 3, 4), read(Some(2), 5, 6)]);
        assert_eq!(bad(&Spec::default(), &[write_2, read(Some(3), 3, 4)]), "read -> Some(3)");
    }
}

mod waiters {
    use plimsoll_histories::specs::waiters::{Answer, Call, Seen, Waiters};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Waiters<&'static str, u8>;
    type Op = OperationOf<Spec>;
    type Text = &'static str;

    fn op(call: Call<Text, u8>, answer: Answer<Text, u8>, called: u64, returned: u64) -> Op {
        Operation::answered(called as usize, call, answer, called, returned)
    }

    fn register(key: Text, at: u64, called: u64, returned: u64) -> Op {
        op(Call::Register { key, name: "go", at }, Answer::Done, called, returned)
    }

    fn deliver(payload: u8, answer: Answer<Text, u8>, called: u64, returned: u64) -> Op {
        op(Call::Deliver { name: "go", payload }, answer, called, returned)
    }

    fn get(key: Text, payload: Option<u8>, called: u64, returned: u64) -> Op {
        let seen = Seen { name: "go", delivered: payload.is_some(), payload };
        op(Call::Get(key), Answer::Waiter(Some(seen)), called, returned)
    }

    #[test]
    fn the_oldest_undelivered_waiter_is_served() {
        let history = [
            register("b", 7, 1, 2),
            register("c", 8, 3, 4),
            register("a", 8, 5, 6),
            deliver(1, Answer::Delivered("b"), 7, 8),
            deliver(2, Answer::Delivered("a"), 9, 10),
            get("a", Some(2), 11, 12),
            deliver(3, Answer::Delivered("c"), 13, 14),
        ];
        good(&Spec::default(), &history);
        let starving = deliver(2, Answer::AlreadyDelivered("b"), 9, 10);
        let history = [&history[..4], &[starving]].concat();
        assert!(bad(&Spec::default(), &history).contains("already-delivered"));
    }

    #[test]
    fn losers_are_told_so() {
        let history = [
            deliver(1, Answer::NotFound, 0, 3),
            register("a", 7, 1, 2),
            deliver(2, Answer::AlreadyDelivered("a"), 4, 7),
            deliver(3, Answer::Delivered("a"), 5, 6),
            register("a", 9, 8, 9),
            get("a", Some(3), 10, 11),
            op(Call::Remove("a"), Answer::Done, 12, 13),
            deliver(3, Answer::NotFound, 14, 15),
        ];
        good(&Spec::default(), &history);
    }

    #[test]
    fn two_deliveries_to_one_waiter_are_found() {
        let history = [
            register("a", 7, 1, 2),
            deliver(1, Answer::Delivered("a"), 3, 6),
            deliver(2, Answer::Delivered("a"), 4, 5),
        ];
        assert!(bad(&Spec::default(), &history).contains("delivered(\"a\")"));
    }

    #[test]
    fn not_found_beside_a_waiter_is_found() {
        let history = [
            register("a", 7, 1, 2),
            deliver(1, Answer::Delivered("a"), 3, 6),
            deliver(2, Answer::NotFound, 4, 5),
        ];
        assert!(bad(&Spec::default(), &history).ends_with("not-found"));
    }

    #[test]
    fn a_torn_waiter_is_found() {
        let torn = Seen { name: "go", delivered: true, payload: None };
        let history = [
            register("a", 7, 1, 2),
            deliver(1, Answer::Delivered("a"), 3, 6),
            op(Call::Get("a"), Answer::Waiter(Some(torn)), 4, 5),
        ];
        assert!(bad(&Spec::default(), &history).contains("delivered: true, payload: None"));
    }

    #[test]
    fn the_payload_of_a_loser_is_found() {
        let history = [
            register("a", 7, 1, 2),
            deliver(1, Answer::Delivered("a"), 3, 4),
            deliver(2, Answer::AlreadyDelivered("a"), 3, 4),
            get("a", Some(2), 5, 6),
        ];
        assert!(bad(&Spec::default(), &history).contains("Some(2)"));
    }

    #[test]
    fn a_registration_that_undoes_a_delivery_is_found() {
        let history = [
            register("a", 7, 1, 2),
            deliver(1, Answer::Delivered("a"), 3, 4),
            register("a", 8, 5, 6),
            get("a", None, 7, 8),
        ];
        assert!(bad(&Spec::default(), &history).starts_with("get"));
    }

    #[test]
    fn an_open_delivery_may_have_been_made() {
        let open = Operation::open(9, Call::Deliver { name: "go", payload: 5 }, 3);
        let already = deliver(1, Answer::AlreadyDelivered("a"), 4, 5);
        let history = [register("a", 7, 1, 2), open, already, get("a", Some(5), 6, 7)];
        good(&Spec::default(), &history);
        let history = [&history[..3], &[get("a", None, 6, 7)]].concat();
        assert!(bad(&Spec::default(), &history).starts_with("get"));
    }
}

mod log {
    use plimsoll_histories::specs::log::{Answer, Call, Log};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Log<char>;

    fn append(value: char, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, Call::Append(value), Answer::Done, called, returned)
    }

    fn read(entries: &str, called: u64, returned: u64) -> OperationOf<Spec> {
        let answer = Answer::Entries(entries.chars().collect());
        Operation::answered(called as usize, Call::read_all(), answer, called, returned)
    }

    #[test]
    fn reads_extend_each_other() {
        let window = Call::Read { skip: 1, take: Some(1) };
        let window = Operation::answered(9, window, Answer::Entries(vec!['a']), 9, 10);
        let history = [
            append('a', 1, 7),
            append('b', 2, 8),
            read("", 2, 3),
            read("b", 4, 5),
            read("ba", 6, 9),
            window,
            append('b', 11, 12),
            read("bab", 13, 14),
        ];
        good(&Spec::of(&history), &history);
    }

    #[test]
    fn a_lost_entry_is_found() {
        let history = [append('a', 1, 4), append('b', 2, 3), read("b", 5, 6)];
        bad(&Spec::of(&history), &history);
    }

    #[test]
    fn entries_out_of_order_are_found() {
        let history = [append('a', 1, 2), append('b', 3, 4), read("ba", 5, 6)];
        let what = bad(&Spec::of(&history), &history);
        assert_eq!(what, "append('a'), read as number 2 -> done");
    }

    #[test]
    fn an_entry_that_appears_before_a_seen_one_is_found() {
        let history = [append('a', 1, 9), append('b', 2, 9), read("a", 3, 4), read("ba", 5, 6)];
        assert_eq!(bad(&Spec::of(&history), &history), "read -> ['a']");
    }

    #[test]
    fn an_entry_twice_is_found() {
        let history = [append('a', 1, 2), read("aa", 3, 4)];
        assert_eq!(bad(&Spec::of(&history), &history), "read -> ['a', 'a']");
    }

    #[test]
    fn an_open_append_may_be_there_once_it_was_seen() {
        let open = Operation::open(9, Call::Append('x'), 1);
        let history = [open, append('a', 2, 3), read("a", 4, 5), read("ax", 6, 7), read("a", 8, 9)];
        good(&Spec::of(&history[..4]), &history[..4]);
        assert_eq!(bad(&Spec::of(&history), &history), "read -> ['a']");
    }
}

mod attempts {
    use plimsoll_histories::specs::attempts::{Answer, Attempts, Call};

    use super::{Operation, OperationOf, bad, good};

    type Spec = Attempts<char>;

    fn start(job: char, called: u64, returned: u64) -> OperationOf<Spec> {
        Operation::answered(called as usize, Call::Start(job), Answer::Done, called, returned)
    }

    fn read(attempts: &[(u32, char)], called: u64, returned: u64) -> OperationOf<Spec> {
        let answer = Answer::Attempts(attempts.to_vec());
        Operation::answered(called as usize, Call::Read, answer, called, returned)
    }

    #[test]
    fn attempts_are_numbered_in_the_order_of_their_starts() {
        let history = [
            start('a', 1, 5),
            start('b', 2, 6),
            read(&[(1, 'b')], 3, 4),
            read(&[(1, 'b'), (2, 'a')], 7, 8),
        ];
        good(&Spec::of(&history), &history);
    }

    #[test]
    fn a_gap_is_found() {
        let history = [start('a', 1, 2), start('b', 3, 4), read(&[(1, 'a'), (3, 'b')], 5, 6)];
        assert!(bad(&Spec::of(&history), &history).starts_with("read"));
    }

    #[test]
    fn a_number_twice_is_found() {
        let history = [start('a', 1, 4), start('b', 2, 3), read(&[(1, 'a'), (1, 'b')], 5, 6)];
        assert!(bad(&Spec::of(&history), &history).starts_with("read"));
    }

    #[test]
    fn a_lost_start_is_found() {
        let history = [start('a', 1, 4), start('b', 2, 3), read(&[(1, 'a')], 5, 6)];
        bad(&Spec::of(&history), &history);
    }
}
