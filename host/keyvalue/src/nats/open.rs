//! Connecting to a server, and making the bucket.

use std::time::Duration;

use async_nats::jetstream::context::{Context, CreateKeyValueErrorKind, KeyValueErrorKind};
use async_nats::jetstream::{self, kv};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use url::Url;

use super::NatsEngine;
use crate::EngineOptions;
use crate::connect::ConnectError;
use crate::url::{masked, path};

/// How long to wait before the next attempt to connect again.
const PAUSE: Duration = Duration::from_millis(100);

type Result<T> = std::result::Result<T, ConnectError>;

pub(super) async fn engine(url: &Url, options: &EngineOptions) -> Result<NatsEngine> {
    let place = masked(url);
    let client = connect_options(url, options).connect(server(url)?).await;
    let client = client.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            ConnectError::Login { place: place.clone() }
        }
        kind => ConnectError::Unreachable { place: place.clone(), why: kind.to_string() },
    })?;
    let builder = jetstream::ContextBuilder::new().timeout(options.timeout);
    let context = builder.ack_timeout(options.timeout).build(client);
    let name = path(url).unwrap_or(&options.space);
    let store = bucket(&context, name, options).await.map_err(|why| {
        let (place, why) = (place.clone(), why);
        ConnectError::Unsuitable { place, why }
    })?;
    let prefix = store.prefix.clone();
    Ok(NatsEngine { context, stream: store.stream, prefix, timeout: options.timeout })
}

/// Host and port alone: the login goes another way, and the path is ours.
fn server(url: &Url) -> Result<ServerAddr> {
    let mut server = url.clone();
    server.set_path("");
    // Neither fails: the URL has a host.
    let _ = server.set_username("");
    let _ = server.set_password(None);
    let server = server.as_str().parse();
    server.map_err(|error: std::io::Error| ConnectError::Unreachable {
        place: masked(url),
        why: error.to_string(),
    })
}

fn connect_options(url: &Url, options: &EngineOptions) -> ConnectOptions {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let connect = ConnectOptions::new()
        .name("plimsoll")
        .connection_timeout(options.timeout)
        .request_timeout(Some(options.timeout))
        .reconnect_delay_callback(|attempts| if attempts > 1 { PAUSE } else { Duration::ZERO });
    match (url.username(), url.password()) {
        ("", None) => connect,
        (token, None) => connect.token(decoded(token)),
        (user, Some(password)) => connect.user_and_password(decoded(user), decoded(password)),
    }
}

/// The bucket, made if it is missing.
async fn bucket(
    context: &Context,
    name: &str,
    options: &EngineOptions,
) -> std::result::Result<kv::Store, String> {
    let store = match context.get_key_value(name).await {
        Ok(store) => store,
        Err(error) if error.kind() == KeyValueErrorKind::GetBucket => {
            let config = kv::Config {
                bucket: name.to_owned(),
                description: "plimsoll-keyvalue".to_owned(),
                history: 1,
                max_bytes: options.capacity.map_or(-1, |bytes| bytes.try_into().unwrap_or(-1)),
                ..kv::Config::default()
            };
            context.create_key_value(config).await.map_err(|error| match error.kind() {
                CreateKeyValueErrorKind::InvalidStoreName => invalid_name(),
                _ => "it makes no bucket; switch JetStream on (nats-server -js), and see that the \
                      user may use it"
                    .to_owned(),
            })?
        }
        Err(_) => return Err(invalid_name()),
    };
    let config = &store.stream.cached_info().config;
    if !config.max_age.is_zero() {
        return Err("its bucket forgets values after a time; set its TTL to 0".to_owned());
    }
    Ok(store)
}

fn invalid_name() -> String {
    "the bucket has a name that JetStream does not take; use ASCII letters, digits, `-` and `_`"
        .to_owned()
}
