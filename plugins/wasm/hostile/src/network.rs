//! Ways out, and what the host says of each.

use crate::wasi::sockets::instance_network::instance_network;
use crate::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::wasi::sockets::network::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress,
};
use crate::wasi::sockets::tcp::TcpSocket;
use crate::wasi::sockets::tcp_create_socket::create_tcp_socket;
use crate::wasi::sockets::udp_create_socket::create_udp_socket;

/// Each way with the port that it was tried on; the name says how that went.
pub(crate) fn look(port: u16) -> Vec<(String, u64)> {
    let ways: [(&str, fn(u16) -> Result<(), ErrorCode>); 5] = [
        ("connect", connect),
        ("listen", listen),
        ("listen without an address", listen_anywhere),
        ("udp", udp),
        ("look up", look_up),
    ];
    let tell = |(name, way): (&str, fn(u16) -> Result<(), ErrorCode>)| {
        let outcome = way(port).map_or_else(|code| code.name().to_owned(), |()| "done".to_owned());
        (format!("{name}: {outcome}"), u64::from(port))
    };
    ways.into_iter().map(tell).collect()
}

fn local(port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) })
}

fn connect(port: u16) -> Result<(), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_connect(&instance_network(), local(port))?;
    finish(&socket, || socket.finish_connect().map(|_| ()))
}

fn listen(port: u16) -> Result<(), ErrorCode> {
    let socket = create_tcp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&instance_network(), local(port))?;
    finish(&socket, || socket.finish_bind())?;
    socket.start_listen()
}

fn listen_anywhere(_port: u16) -> Result<(), ErrorCode> {
    create_tcp_socket(IpAddressFamily::Ipv4)?.start_listen()
}

fn udp(port: u16) -> Result<(), ErrorCode> {
    let socket = create_udp_socket(IpAddressFamily::Ipv4)?;
    socket.start_bind(&instance_network(), local(port))
}

fn look_up(_port: u16) -> Result<(), ErrorCode> {
    let stream = resolve_addresses(&instance_network(), "localhost")?;
    stream.subscribe().block();
    stream.resolve_next_address().map(|_| ())
}

fn finish(socket: &TcpSocket, end: impl Fn() -> Result<(), ErrorCode>) -> Result<(), ErrorCode> {
    loop {
        match end() {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            other => return other,
        }
    }
}
