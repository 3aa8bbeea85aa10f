"""A name server for tests, on loopback: real answers over UDP, and over TCP where UDP has no room for them."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

HOST = "127.0.0.1"


@dataclass
class NameServer:
    """What it answers, as a zone file has it; it is silent about some names, and fails for others."""

    records: Mapping[tuple[str, str], Sequence[str]]
    silent: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Where it listens, as the setting has it."""
        return f"{HOST}:{self.port}"

    def answer(self, wire: bytes, room: int) -> bytes | None:
        """Return what is answered, cut where there is no room (RFC 1035 4.2.1), or None."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        if name in self.silent or "everything" in self.silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        found = self.records.get((name, kind), ())
        if name in self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            reply.answer.append(dns.rrset.from_text_list(question.name, 300, "IN", kind, list(found)))
        elif not any(known == name for known, _kind in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return reply.to_wire(max_size=room)
        except dns.exception.TooBig:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            return reply.to_wire()


@contextmanager
def name_server(records: Mapping[tuple[str, str], Sequence[str]]) -> Iterator[NameServer]:
    """Serve these records until the block is left."""
    server = NameServer(records)

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            if reply := server.answer(wire, 1232):
                sock.sendto(reply, self.client_address)

    class Stream(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            length = struct.unpack("!H", self.request.recv(2))[0]
            if reply := server.answer(self.request.recv(length), 65535):
                self.request.sendall(struct.pack("!H", len(reply)) + reply)

    with ExitStack() as stack:
        tcp = stack.enter_context(socketserver.ThreadingTCPServer((HOST, 0), Stream))
        server.port = tcp.server_address[1]
        udp = stack.enter_context(socketserver.ThreadingUDPServer((HOST, server.port), Datagram))
        for one in (tcp, udp):
            threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(one.shutdown)
        yield server


def quoted(text: str) -> str:
    """Return a text record as a zone file has it, in strings of 255 characters at most."""
    return " ".join(f'"{text[start : start + 250]}"' for start in range(0, len(text), 250))
