/** A DNS on the loopback, which says what a test wants it to. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import dnsPacket from "dns-packet";

/** A text of several strings is a list. */
export type Text = string | readonly string[];

interface Said {
  readonly texts?: readonly Text[];
  /** `nodata`: there is the name, and nothing of the type; `silent`: no answer at all; `truncated`: all of it over TCP only. */
  readonly trouble?: "nodata" | "servfail" | "refused" | "silent" | "truncated";
  readonly afterMs?: number;
}

export interface TestDns {
  /** ip:port */
  readonly address: string;
  /** From now on; a name of which nothing was said does not exist. */
  says(name: string, said: Said): void;
  /** Beside what is there. */
  adds(name: string, text: Text): void;
  forgets(name: string): void;
  /** How often it was asked for the name. */
  asked(name: string): number;
  close(): Promise<void>;
}

const RCODES = { nodata: 0, servfail: 2, refused: 5, silent: 0, truncated: 0 } as const;
const NXDOMAIN = 3;

export async function startDns(): Promise<TestDns> {
  const zone = new Map<string, Said>();
  const questions: string[] = [];
  let isOpen = true;
  const heard = (query: dnsPacket.Packet): Said | undefined => {
    const name = query.questions?.[0]?.name ?? "";
    questions.push(name);
    return zone.get(name);
  };
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    const query = dnsPacket.decode(message);
    const said = heard(query);
    if (said?.trouble === "silent") return;
    const answer = (): void => {
      const isWhole = said?.trouble !== "truncated";
      if (isOpen) socket.send(dnsPacket.encode(answerTo(query, isWhole ? said : {}, isWhole)), port, address);
    };
    if (said?.afterMs === undefined) answer();
    else void wait(said.afterMs, undefined, { ref: false }).then(answer);
  });
  const streams = createServer((stream) => {
    stream.on("data", (message) => {
      const query = dnsPacket.streamDecode(Buffer.from(message)); // one question is one segment here
      stream.end(dnsPacket.streamEncode(answerTo(query, heard(query), true)));
    });
  });
  streams.listen(0, "127.0.0.1").unref();
  await once(streams, "listening"); // first: many more ports are taken for TCP than for UDP
  const { port } = streams.address() as AddressInfo;
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  socket.unref();
  return {
    address: `127.0.0.1:${port}`,
    says: (name, said) => void zone.set(name, said),
    adds: (name, text) => void zone.set(name, { texts: [...(zone.get(name)?.texts ?? []), text] }),
    forgets: (name) => void zone.delete(name),
    asked: (name) => questions.filter((each) => each === name).length,
    close: async () => {
      isOpen = false;
      socket.close();
      streams.close();
      await Promise.all([once(socket, "close"), once(streams, "close")]);
    },
  };
}

function answerTo(query: dnsPacket.Packet, said: Said | undefined, isWhole: boolean): dnsPacket.Packet {
  const code = said === undefined ? NXDOMAIN : said.trouble === undefined ? 0 : RCODES[said.trouble];
  const name = query.questions?.[0]?.name ?? "";
  const answers = (said?.texts ?? []).map((text): dnsPacket.TxtAnswer => {
    return { type: "TXT", name, ttl: 60, data: typeof text === "string" ? [text] : [...text] };
  });
  const cut = isWhole ? 0 : dnsPacket.TRUNCATED_RESPONSE;
  const flags = dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | cut | code; // RFC 1035, 4.1.1
  return { type: "response", id: query.id ?? 0, flags, questions: query.questions ?? [], answers };
}
