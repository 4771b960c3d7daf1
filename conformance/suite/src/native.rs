use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_contract::{Backend, Clock, Result};

use crate::Subject;

/// A backend in this process as a subject: a name, and how an instance is made.
///
/// [`Subject`] is there for what needs more, such as processes that can be killed.
pub struct Native<F> {
    name: String,
    make: F,
}

impl<F> Native<F> {
    /// `make` answers an instance that is not open. Until it is opened it reads the time from the
    /// clock that `make` is given.
    pub fn new<B, R>(name: &str, make: F) -> Self
    where
        F: Fn(Arc<dyn Clock>) -> R + Send + Sync,
        R: Future<Output = Result<B>> + Send,
        B: Backend + 'static,
    {
        Self { name: name.to_owned(), make }
    }
}

#[async_trait]
impl<F, B, R> Subject for Native<F>
where
    F: Fn(Arc<dyn Clock>) -> R + Send + Sync,
    R: Future<Output = Result<B>> + Send,
    B: Backend + 'static,
{
    fn target(&self) -> String {
        self.name.clone()
    }

    async fn instance(&self, clock: Arc<dyn Clock>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new((self.make)(clock).await?))
    }
}
