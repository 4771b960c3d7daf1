//! Connecting to a server, and making the bucket.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::context::Context;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
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
    let stream = bucket(&context, name, options)
        .await
        .map_err(|why| ConnectError::Unsuitable { place: place.clone(), why })?;
    let prefix = format!("$KV.{name}.");
    Ok(NatsEngine { context, stream, prefix, timeout: options.timeout })
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

/// The stream of the bucket, made if it is missing: with the settings that JetStream's clients give
/// one, whose own function does not read the answers of servers before 2.10.
async fn bucket(
    context: &Context,
    name: &str,
    options: &EngineOptions,
) -> std::result::Result<Stream, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        let why = "its bucket has a name that JetStream does not take; use ASCII letters, digits, \
                   `-` and `_`";
        return Err(why.to_owned());
    }
    let config = Config {
        name: format!("KV_{name}"),
        description: Some("plimsoll-keyvalue".to_owned()),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        max_bytes: options.capacity.map_or(-1, |bytes| bytes.try_into().unwrap_or(-1)),
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        num_replicas: 1,
        ..Config::default()
    };
    let stream = context.get_or_create_stream(config).await.map_err(|error| {
        format!(
            "it makes no bucket ({}); switch JetStream on (nats-server -js), and see that the user \
             may use it",
            error.kind()
        )
    })?;
    if !stream.cached_info().config.max_age.is_zero() {
        return Err("its bucket forgets values after a time; set its TTL to 0".to_owned());
    }
    Ok(stream)
}
