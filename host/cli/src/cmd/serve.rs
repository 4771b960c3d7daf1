use std::sync::Arc;

use plimsoll_contract::SystemClock;

use crate::failure::Failure;
use crate::processes;
use crate::target::Target;

/// Serves one instance of a target to the process that started this one.
pub(crate) async fn run() -> Result<u8, Failure> {
    let target = processes::served_target()?;
    let subject = Target::find(Some(&target)).await?.into_subject(processes::served_seed());
    let instance = subject.instance(Arc::new(SystemClock)).await;
    let instance = instance.map_err(|error| Failure::harness(error.to_string()))?;
    let served = plimsoll_remote::serve(instance, tokio::io::stdin(), tokio::io::stdout()).await;
    served.map_err(|error| Failure::harness(error.to_string()))?;
    Ok(0)
}
