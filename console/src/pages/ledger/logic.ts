/** What the ledger's pages reckon themselves: amounts in words, flows by day, and the root that a proof leads to. */
import type { Schemas } from "@/api/client";
import { DAY_MS, dayStart, exact, MISSING, moneyExact } from "@/format";

export type Account = Schemas["AccountLine"];
export type Entry = Schemas["EntryLine"];
export type Flow = Schemas["FlowLine"];
export type Exposure = Schemas["Exposure"];
export type Proven = Schemas["ProvenEntry"];

/** An amount as the ledger has it: fen as ¥1,234.50, anything else as a whole number. */
export const amount = (value: number | null | undefined, unit: string): string => (value == null ? MISSING : unit === "fen" ? moneyExact(value) : exact(value));

/** The same with its sign, for what came and what left. */
export function signed(value: number, unit: string): string {
  return value > 0 ? `+${amount(value, unit)}` : value < 0 ? `−${amount(-value, unit)}` : amount(0, unit);
}

/** An id that nobody reads whole. */
export const short = (id: string): string => (id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id);

/** Every day of a window with what came and what left, days without entries too. */
export function byDay(rows: readonly Flow[], since: number, until: number): { day: number; came: number; left: number }[] {
  const days = new Map<number, { day: number; came: number; left: number }>();
  for (let day = dayStart(since); day < until; day += DAY_MS) days.set(day, { day, came: 0, left: 0 });
  for (const row of rows) {
    const at = days.get(dayStart(row.day_ms));
    if (at) {
      at.came += row.came;
      at.left += row.left;
    }
  }
  return [...days.values()];
}

/** What came and what left by the kind of entry, the largest first. */
export function byKind(rows: readonly Flow[]): { kind: string; came: number; left: number }[] {
  const kinds = new Map<string, { kind: string; came: number; left: number }>();
  for (const row of rows) {
    const at = kinds.get(row.kind) ?? { kind: row.kind, came: 0, left: 0 };
    kinds.set(row.kind, { kind: row.kind, came: at.came + row.came, left: at.left + row.left });
  }
  return [...kinds.values()].sort((a, b) => b.came + b.left - (a.came + a.left));
}

/** The root to which a path leads from an entry's canonical bytes: RFC 9162, section 2.1.3.2. */
export async function rootOf(line: string, number: number, size: number, path: readonly string[]): Promise<string> {
  let hash = await sha(0, new TextEncoder().encode(line));
  let place = BigInt(number);
  let last = BigInt(size) - 1n;
  for (const word of path) {
    if (last === 0n) return "";
    const other = bytes(word);
    if (place % 2n === 1n || place === last) {
      hash = await sha(1, other, hash);
      while (place % 2n === 0n && place !== 0n) {
        place /= 2n;
        last /= 2n;
      }
    } else hash = await sha(1, hash, other);
    place /= 2n;
    last /= 2n;
  }
  return last === 0n ? [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("") : "";
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));

async function sha(prefix: number, ...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const all = Uint8Array.from([prefix, ...parts.flatMap((part) => [...part])]);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}
