//! WASI behind the seam: each function asks it, and goes on to wasmtime's own implementation.
//!
//! Sockets ask when they are made, when a name is looked up and when they connect. Dropping a
//! resource asks nobody.

use std::marker::PhantomData;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksCtxView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::bindings::random::random;
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, network, tcp_create_socket};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, FsError, FsResult, Network, SocketError,
    SocketResult, StreamError, StreamResult, TcpSocket,
};
use wasmtime_wasi::random::{WasiRandom, WasiRandomCtx};
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsCtxView};
use wasmtime_wasi_io::bindings::wasi::io::{poll, streams};

use crate::Grants;
use crate::instance::Data;
use crate::seam::{Gate, Stopped};

/// A part of WASI and the gate before it.
pub(super) struct Gated<'a, V> {
    view: V,
    gate: &'a Gate,
    grants: &'a Grants,
}

/// Says what a [`Gated`] is made of.
struct HasGated<K>(PhantomData<fn() -> K>);

impl<K: HasData> HasData for HasGated<K> {
    type Data<'a> = Gated<'a, K::Data<'a>>;
}

struct HasTable;

impl HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// Puts the gated functions in the place of the plain ones.
pub(super) fn add_to_linker(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    macro_rules! link {
        ($($module:ident $kind:ident $view:expr;)*) => {
            $($module::add_to_linker::<Data, HasGated<$kind>>(linker, |data| Gated {
                view: $view(&mut data.wasi, &mut data.table),
                gate: &data.gate,
                grants: &data.grants,
            })?;)*
        };
    }
    linker.allow_shadowing(true);
    link! {
        types WasiFilesystem filesystem;
        preopens WasiFilesystem filesystem;
        wall_clock WasiClocks clocks;
        monotonic_clock WasiClocks clocks;
        random WasiRandom random_of;
        ip_name_lookup WasiSockets sockets;
        tcp_create_socket WasiSockets sockets;
        poll HasTable table_of;
        streams HasTable table_of;
    }
    linker.allow_shadowing(false);
    Ok(())
}

type Fd = Resource<types::Descriptor>;

fn filesystem<'a>(
    wasi: &'a mut wasmtime_wasi::WasiCtx,
    table: &'a mut ResourceTable,
) -> WasiFilesystemCtxView<'a> {
    WasiFilesystemCtxView { ctx: wasi.filesystem(), table }
}

fn clocks<'a>(
    wasi: &'a mut wasmtime_wasi::WasiCtx,
    table: &'a mut ResourceTable,
) -> WasiClocksCtxView<'a> {
    WasiClocksCtxView { ctx: wasi.clocks(), table }
}

fn sockets<'a>(
    wasi: &'a mut wasmtime_wasi::WasiCtx,
    table: &'a mut ResourceTable,
) -> WasiSocketsCtxView<'a> {
    WasiSocketsCtxView { ctx: wasi.sockets(), table }
}

fn random_of<'a>(
    wasi: &'a mut wasmtime_wasi::WasiCtx,
    _table: &'a mut ResourceTable,
) -> &'a mut WasiRandomCtx {
    wasi.random()
}

fn table_of<'a>(
    _wasi: &'a mut wasmtime_wasi::WasiCtx,
    table: &'a mut ResourceTable,
) -> &'a mut ResourceTable {
    table
}

/// What a call answers that did not pass.
trait FromStopped {
    fn from_stopped(stopped: Stopped) -> Self;
}

impl FromStopped for wasmtime::Error {
    fn from_stopped(stopped: Stopped) -> Self {
        Self::new(stopped)
    }
}

impl FromStopped for FsError {
    fn from_stopped(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(_) => types::ErrorCode::Io.into(),
            Stopped::CutOff => Self::trap(stopped),
        }
    }
}

impl FromStopped for StreamError {
    fn from_stopped(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(_) => Self::LastOperationFailed(wasmtime::Error::new(stopped)),
            Stopped::CutOff => Self::Trap(wasmtime::Error::new(stopped)),
        }
    }
}

impl FromStopped for SocketError {
    fn from_stopped(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Failed(_) => network::ErrorCode::Unknown.into(),
            Stopped::CutOff => Self::trap(stopped),
        }
    }
}

/// Writes a trait's functions: those that may wait, and those that answer at once.
macro_rules! gated {
    (
        $trait:path as $view:ty, $prefix:literal;
        waits {$($waits:ident $waits_wit:literal($($w:ident: $w_type:ty),*) -> $w_answer:ty;)*}
        now {$($now:ident $now_wit:literal($($n:ident: $n_type:ty),*) -> $n_answer:ty;)*}
        rest {$($rest:item)*}
    ) => {
        impl $trait for Gated<'_, $view> {
            $(async fn $waits(&mut self, $($w: $w_type),*) -> $w_answer {
                let passed = self.gate.pass(concat!($prefix, $waits_wit), None).await;
                let is_last = match passed {
                    Ok(is_last) => is_last,
                    Err(stopped) => return Err(FromStopped::from_stopped(stopped)),
                };
                let answer = <$view as $trait>::$waits(&mut self.view, $($w),*).await;
                match is_last {
                    true => Err(FromStopped::from_stopped(Stopped::CutOff)),
                    false => answer,
                }
            })*

            $(fn $now(&mut self, $($n: $n_type),*) -> $n_answer {
                let passed = self.gate.pass_now(concat!($prefix, $now_wit));
                let is_last = match passed {
                    Ok(is_last) => is_last,
                    Err(stopped) => return Err(FromStopped::from_stopped(stopped)),
                };
                let answer = <$view as $trait>::$now(&mut self.view, $($n),*);
                match is_last {
                    true => Err(FromStopped::from_stopped(Stopped::CutOff)),
                    false => answer,
                }
            })*

            $($rest)*
        }
    };
}

gated! {
    types::HostDescriptor as WasiFilesystemCtxView<'_>, "wasi:filesystem/types.descriptor.";
    waits {
        advise "advise"(fd: Fd, offset: u64, len: u64, advice: types::Advice) -> FsResult<()>;
        sync_data "sync-data"(fd: Fd) -> FsResult<()>;
        get_flags "get-flags"(fd: Fd) -> FsResult<types::DescriptorFlags>;
        get_type "get-type"(fd: Fd) -> FsResult<types::DescriptorType>;
        set_size "set-size"(fd: Fd, size: u64) -> FsResult<()>;
        set_times "set-times"(fd: Fd, accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<()>;
        read "read"(fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)>;
        write "write"(fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64>;
        read_directory "read-directory"(fd: Fd) -> FsResult<Resource<types::DirectoryEntryStream>>;
        sync "sync"(fd: Fd) -> FsResult<()>;
        create_directory_at "create-directory-at"(fd: Fd, path: String) -> FsResult<()>;
        stat "stat"(fd: Fd) -> FsResult<types::DescriptorStat>;
        stat_at "stat-at"(fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::DescriptorStat>;
        set_times_at "set-times-at"(fd: Fd, flags: types::PathFlags, path: String, accessed: types::NewTimestamp, modified: types::NewTimestamp) -> FsResult<()>;
        link_at "link-at"(fd: Fd, flags: types::PathFlags, path: String, to: Fd, to_path: String) -> FsResult<()>;
        open_at "open-at"(fd: Fd, flags: types::PathFlags, path: String, how: types::OpenFlags, access: types::DescriptorFlags) -> FsResult<Fd>;
        readlink_at "readlink-at"(fd: Fd, path: String) -> FsResult<String>;
        remove_directory_at "remove-directory-at"(fd: Fd, path: String) -> FsResult<()>;
        rename_at "rename-at"(fd: Fd, path: String, to: Fd, to_path: String) -> FsResult<()>;
        symlink_at "symlink-at"(fd: Fd, target: String, path: String) -> FsResult<()>;
        unlink_file_at "unlink-file-at"(fd: Fd, path: String) -> FsResult<()>;
        is_same_object "is-same-object"(fd: Fd, other: Fd) -> wasmtime::Result<bool>;
        metadata_hash "metadata-hash"(fd: Fd) -> FsResult<types::MetadataHashValue>;
        metadata_hash_at "metadata-hash-at"(fd: Fd, flags: types::PathFlags, path: String) -> FsResult<types::MetadataHashValue>;
    }
    now {
        read_via_stream "read-via-stream"(fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>>;
        write_via_stream "write-via-stream"(fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>>;
        append_via_stream "append-via-stream"(fd: Fd) -> FsResult<Resource<DynOutputStream>>;
    }
    rest {
        fn drop(&mut self, gone: Resource<types::Descriptor>) -> wasmtime::Result<()> {
            <WasiFilesystemCtxView<'_> as types::HostDescriptor>::drop(&mut self.view, gone)
        }
    }
}

gated! {
    types::HostDirectoryEntryStream as WasiFilesystemCtxView<'_>, "wasi:filesystem/types.directory-entry-stream.";
    waits {
        read_directory_entry "read-directory-entry"(stream: Resource<types::DirectoryEntryStream>) -> FsResult<Option<types::DirectoryEntry>>;
    }
    now {}
    rest {
        fn drop(&mut self, gone: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
            <WasiFilesystemCtxView<'_> as types::HostDirectoryEntryStream>::drop(&mut self.view, gone)
        }
    }
}

gated! {
    types::Host as WasiFilesystemCtxView<'_>, "wasi:filesystem/types.";
    waits {}
    now {
        filesystem_error_code "filesystem-error-code"(error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<types::ErrorCode>>;
    }
    rest {
        fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<types::ErrorCode> {
            types::Host::convert_error_code(&mut self.view, error)
        }
    }
}

gated! {
    preopens::Host as WasiFilesystemCtxView<'_>, "wasi:filesystem/preopens.";
    waits {}
    now {
        get_directories "get-directories"() -> wasmtime::Result<Vec<(Fd, String)>>;
    }
    rest {}
}

gated! {
    wall_clock::Host as WasiClocksCtxView<'_>, "wasi:clocks/wall-clock.";
    waits {}
    now {
        now "now"() -> wasmtime::Result<wall_clock::Datetime>;
        resolution "resolution"() -> wasmtime::Result<wall_clock::Datetime>;
    }
    rest {}
}

gated! {
    monotonic_clock::Host as WasiClocksCtxView<'_>, "wasi:clocks/monotonic-clock.";
    waits {}
    now {
        now "now"() -> wasmtime::Result<u64>;
        resolution "resolution"() -> wasmtime::Result<u64>;
        subscribe_instant "subscribe-instant"(when: u64) -> wasmtime::Result<Resource<DynPollable>>;
        subscribe_duration "subscribe-duration"(when: u64) -> wasmtime::Result<Resource<DynPollable>>;
    }
    rest {}
}

gated! {
    random::Host as &mut WasiRandomCtx, "wasi:random/random.";
    waits {}
    now {
        get_random_bytes "get-random-bytes"(len: u64) -> wasmtime::Result<Vec<u8>>;
        get_random_u64 "get-random-u64"() -> wasmtime::Result<u64>;
    }
    rest {}
}

gated! {
    poll::Host as &mut ResourceTable, "wasi:io/poll.";
    waits {
        poll "poll"(pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>>;
    }
    now {}
    rest {}
}

gated! {
    poll::HostPollable as &mut ResourceTable, "wasi:io/poll.pollable.";
    waits {
        block "block"(pollable: Resource<DynPollable>) -> wasmtime::Result<()>;
        ready "ready"(pollable: Resource<DynPollable>) -> wasmtime::Result<bool>;
    }
    now {}
    rest {
        fn drop(&mut self, gone: Resource<DynPollable>) -> wasmtime::Result<()> {
            <&mut ResourceTable as poll::HostPollable>::drop(&mut self.view, gone)
        }
    }
}

gated! {
    streams::HostInputStream as &mut ResourceTable, "wasi:io/streams.input-stream.";
    waits {
        blocking_read "blocking-read"(stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>>;
        blocking_skip "blocking-skip"(stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64>;
    }
    now {
        read "read"(stream: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>>;
        skip "skip"(stream: Resource<DynInputStream>, len: u64) -> StreamResult<u64>;
        subscribe "subscribe"(stream: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>>;
    }
    rest {
        async fn drop(&mut self, gone: Resource<DynInputStream>) -> wasmtime::Result<()> {
            <&mut ResourceTable as streams::HostInputStream>::drop(&mut self.view, gone).await
        }
    }
}

gated! {
    streams::HostOutputStream as &mut ResourceTable, "wasi:io/streams.output-stream.";
    waits {
        blocking_write_and_flush "blocking-write-and-flush"(stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()>;
        blocking_write_zeroes_and_flush "blocking-write-zeroes-and-flush"(stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()>;
        blocking_flush "blocking-flush"(stream: Resource<DynOutputStream>) -> StreamResult<()>;
        blocking_splice "blocking-splice"(stream: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64>;
    }
    now {
        check_write "check-write"(stream: Resource<DynOutputStream>) -> StreamResult<u64>;
        write "write"(stream: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()>;
        subscribe "subscribe"(stream: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>>;
        write_zeroes "write-zeroes"(stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()>;
        flush "flush"(stream: Resource<DynOutputStream>) -> StreamResult<()>;
        splice "splice"(stream: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64>;
    }
    rest {
        async fn drop(&mut self, gone: Resource<DynOutputStream>) -> wasmtime::Result<()> {
            <&mut ResourceTable as streams::HostOutputStream>::drop(&mut self.view, gone).await
        }
    }
}

impl streams::Host for Gated<'_, &mut ResourceTable> {
    fn convert_stream_error(
        &mut self,
        error: StreamError,
    ) -> wasmtime::Result<streams::StreamError> {
        streams::Host::convert_stream_error(&mut self.view, error)
    }
}

gated! {
    tcp_create_socket::Host as WasiSocketsCtxView<'_>, "wasi:sockets/tcp-create-socket.";
    waits {}
    now {
        create_tcp_socket "create-tcp-socket"(family: network::IpAddressFamily) -> SocketResult<Resource<TcpSocket>>;
    }
    rest {}
}

impl network::Host for Gated<'_, WasiSocketsCtxView<'_>> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<network::ErrorCode> {
        network::Host::convert_error_code(&mut self.view, error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<network::ErrorCode>> {
        network::Host::network_error_code(&mut self.view, error)
    }
}

impl network::HostNetwork for Gated<'_, WasiSocketsCtxView<'_>> {
    fn drop(&mut self, gone: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.view, gone)
    }
}

impl ip_name_lookup::Host for Gated<'_, WasiSocketsCtxView<'_>> {
    /// A name that was not granted is not looked up: the question alone would tell somebody
    /// something.
    fn resolve_addresses(
        &mut self,
        network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ip_name_lookup::ResolveAddressStream>> {
        let passed = self.gate.pass_now("wasi:sockets/ip-name-lookup.resolve-addresses");
        passed.map_err(SocketError::from_stopped)?;
        if !self.grants.allow_looking_up(&name) {
            return Err(network::ErrorCode::AccessDenied.into());
        }
        ip_name_lookup::Host::resolve_addresses(&mut self.view, network, name)
    }
}

gated! {
    ip_name_lookup::HostResolveAddressStream as WasiSocketsCtxView<'_>, "wasi:sockets/ip-name-lookup.resolve-address-stream.";
    waits {}
    now {
        resolve_next_address "resolve-next-address"(stream: Resource<ip_name_lookup::ResolveAddressStream>) -> SocketResult<Option<network::IpAddress>>;
        subscribe "subscribe"(stream: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>>;
    }
    rest {
        fn drop(&mut self, gone: Resource<ip_name_lookup::ResolveAddressStream>) -> wasmtime::Result<()> {
            <WasiSocketsCtxView<'_> as ip_name_lookup::HostResolveAddressStream>::drop(&mut self.view, gone)
        }
    }
}
