//! Mutants that are opened with one clock after another and read the wrong one. No override of a
//! model can do that: models are told the time.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use plimsoll_contract::{
    self as contract, Backend, Clock, Description, Instant, OpenConfig, Result, for_each_function,
};
use plimsoll_model::{Model, SharedModel};

use crate::broken::Built;

/// Reads the clock of the first `open` for ever.
pub(crate) fn keeps_first_clock() -> Built {
    let backend = Arc::new(KeepsFirstClock {
        model: SharedModel::new(Model::default()),
        clock: OnceLock::new(),
    });
    Built { backend, is_racy: false, subject: None }
}

/// Reads the clock of the last `open`, whether or not that succeeded.
pub(crate) fn keeps_refused_clock() -> Built {
    let backend = Arc::new(KeepsRefusedClock {
        model: SharedModel::new(Model::default()),
        last: Arc::default(),
    });
    Built { backend, is_racy: false, subject: None }
}

struct KeepsFirstClock {
    model: SharedModel<Model>,
    clock: OnceLock<Arc<dyn Clock>>,
}

struct KeepsRefusedClock {
    model: SharedModel<Model>,
    last: Arc<LastClock>,
}

/// The clock that was given last.
#[derive(Default)]
struct LastClock(Mutex<Option<Arc<dyn Clock>>>);

impl Clock for LastClock {
    fn now(&self) -> Instant {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map_or(Instant::UNIX_EPOCH, |clock| clock.now())
    }
}

macro_rules! leave_all_to_the_model {
    ($($interface:ident $accessor:ident $wit:literal {
        $($method:ident $function:literal ($($argument:ident: $type:ty),*) -> $value:ty;)*
    })*) => {
        #[async_trait]
        impl Backend for KeepsFirstClock {
            async fn describe(&self) -> Result<Description> {
                self.model.describe().await
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                self.model.open(config, Arc::clone(self.clock.get_or_init(|| clock))).await
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.model.discard(namespace).await
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                self.model.$accessor()
            })*
        }

        #[async_trait]
        impl Backend for KeepsRefusedClock {
            async fn describe(&self) -> Result<Description> {
                self.model.describe().await
            }

            async fn open(&self, config: &OpenConfig, clock: Arc<dyn Clock>) -> Result<()> {
                *self.last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock);
                self.model.open(config, Arc::<LastClock>::clone(&self.last)).await
            }

            async fn discard(&self, namespace: &str) -> Result<()> {
                self.model.discard(namespace).await
            }

            $(fn $accessor(&self) -> Option<&dyn contract::$interface> {
                self.model.$accessor()
            })*
        }
    };
}

for_each_function!(leave_all_to_the_model);
