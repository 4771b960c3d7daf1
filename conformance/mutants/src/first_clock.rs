//! A mutant that is opened with one clock after another and reads the first. No override of a model
//! can do that: models are told the time.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use plimsoll_contract::{
    self as contract, Backend, Clock, Description, OpenConfig, Result, for_each_function,
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

struct KeepsFirstClock {
    model: SharedModel<Model>,
    clock: OnceLock<Arc<dyn Clock>>,
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
    };
}

for_each_function!(leave_all_to_the_model);
