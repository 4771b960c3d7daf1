//! Races of writers and readers: what a reader sees while somebody writes.

use plimsoll_contract::Result;

use crate::instance::Instance;
use crate::race::{CALLERS, is_of_first_half};
use crate::{Halt, Trial};

/// How often each reader reads in a round.
const READS: usize = 2;

/// The callers that write in [`Trial::watch`]; the others read.
pub(crate) fn writers() -> impl Iterator<Item = usize> + Clone {
    (0..CALLERS).filter(|caller| is_of_first_half(*caller))
}

impl Trial {
    /// Releases writers and readers together and answers what each reader saw, in its order. A
    /// writer writes once; a reader reads twice.
    ///
    /// # Errors
    ///
    /// [`Halt::Call`] if any call gave no value.
    pub async fn watch<T, W, R>(
        &self,
        write: impl Fn(usize, Instance) -> W,
        read: impl Fn(Instance) -> R + Clone + Send + Sync + 'static,
    ) -> std::result::Result<Vec<Vec<T>>, Halt>
    where
        T: Send + 'static,
        W: Future<Output = Result<()>> + Send + 'static,
        R: Future<Output = Result<T>> + Send + 'static,
    {
        let answers = self
            .release(|caller, instance| {
                let written = is_of_first_half(caller).then(|| write(caller, instance.clone()));
                let read = read.clone();
                async move {
                    let mut seen = Vec::new();
                    match written {
                        Some(write) => write.await?,
                        None => {
                            for _ in 0..READS {
                                seen.push(read(instance.clone()).await?);
                            }
                        }
                    }
                    Ok(seen)
                }
            })
            .await;
        Ok(answers.into_iter().collect::<Result<_>>()?)
    }
}
