import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";
import { TraceLink } from "@/parts/TraceLink";
import { cameTo, isDead, isOpen, sinceOf, STATES, sums, word } from "./words";
import { whyNot } from "./verbs";

describe("what a row has come to", () => {
  it.each([
    ["sent", [], "done", "已发出"],
    ["sent", ["delivered", "opened"], "done", "已打开"],
    ["sent", ["opened", "delivered"], "done", "已打开"],
    ["sent", ["redeemed", "failed"], "done", "已核销"],
    ["sent", ["failed"], "doubt", "送达失败"],
    ["dead", ["delivered"], "done", "已送达"],
    ["dead", [], "doubt", "没发出去"],
    ["dry", [], "done", "已演练"],
    ["waiting", [], "open", "等批准"],
    ["withdrawn", [], "ended", "已撤回"],
  ] as const)("%s with %j", (state, receipts, mark, text) => {
    expect(cameTo({ state, receipts: [...receipts] }, "zh")).toEqual({ mark, text });
  });

  it("has a word for every state, in both languages", () => {
    for (const state of STATES) for (const lang of ["zh", "en"] as const) expect(word("state", state, lang)).not.toBe(state);
    expect(word("channel", "pigeon", "zh")).toBe("pigeon");
  });

  it("may be taken back until it is sent, and tried again once it was given up", () => {
    expect(STATES.filter((state) => isOpen({ state }))).toEqual(["waiting", "ready", "dead"]);
    expect(STATES.filter((state) => isDead({ state }))).toEqual(["dead"]);
  });
});

describe("numbers of the head", () => {
  it("keep dry runs apart", () => {
    const row = (state: string, rows: number, dry = false) => ({ channel: "sms", state, rows, dry }) as never;
    expect(sums([row("sent", 7), row("ready", 2), row("waiting", 1), row("dry", 4, true), row("ready", 5, true), row("dead", 3)])).toEqual({ sent: 7, open: 3, dead: 3, dry: 9, refused: 0, withdrawn: 0, expired: 0 });
  });

  it("begin on a whole minute, so that a question stays the same one", () => {
    const now = 1_767_326_400_123;
    expect(sinceOf("7d", now)).toBe(sinceOf("7d", now + 30_000));
    expect(sinceOf("7d", now) % 60_000).toBe(0);
    expect(sinceOf("all", now)).toBe(0);
  });
});

it("says why something is not sent again in the reader's language", () => {
  expect(whyNot("its time has passed: decide again", "zh")).toBe("时间已过，要重新决策");
  expect(whyNot("its time has passed: decide again", "en")).toBe("its time has passed: decide again");
});

it("a trace is walked with the arrow keys, and says where it is open or broken", async () => {
  const user = userEvent.setup();
  render(
    <MemoryRouter>
      <TraceLink steps={[{ key: "a", mark: "done", title: "A", to: "/a" }, { key: "b", mark: "broken", title: "B" }, { key: "c", mark: "open", title: "C", onPick: () => undefined }]} />
    </MemoryRouter>,
  );
  screen.getByRole("link", { name: "A" }).focus();
  await user.keyboard("{ArrowRight}");
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "C" }));
  await user.keyboard("{ArrowRight}{ArrowLeft}");
  expect(document.activeElement).toBe(screen.getByRole("link", { name: "A" }));
  expect(screen.getAllByRole("listitem").map((one) => one.textContent)).toEqual(["✓ A", "→◐ B （在这里断开）", "→○ C （还没有）"]);
});
