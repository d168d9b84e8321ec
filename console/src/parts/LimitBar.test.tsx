import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";
import { LanguageProvider } from "@/i18n";
import { amountOf, LimitBar, limitState, type LimitBarProps } from "./LimitBar";

const AT = Date.UTC(2026, 10, 15, 6, 20);
const show = (props: Partial<LimitBarProps>, lang: "zh" | "en" = "zh") =>
  render(<LanguageProvider lang={lang} setLang={() => {}}><MemoryRouter><LimitBar name="每周触达" unit="contacts" cap={10} used={0} now={AT} {...props} /></MemoryRouter></LanguageProvider>);

describe("limitState", () => {
  it.each([
    [null, 5, 0, "none"], [10, 0, 0, "free"], [10, 7, 0, "free"], [10, 7, 1, "near"], [10, 9, 0, "near"], [10, 9, 1, "full"], [10, 10, 1, "over"], [0, 0, 0, "shut"], [0, 1, 0, "over"],
  ] as const)("cap %s, used %s, reserved %s: %s", (cap, used, reserved, state) => expect(limitState(cap, used, reserved)).toBe(state));
});

describe("amountOf", () => {
  it.each([
    [120_050, "fen", "zh", "¥1,200.50"], [2_000, "fen", "zh", "¥20"], [5_000_000, "fen", "zh", "¥50,000"], [500_000_000, "fen", "zh", "¥500万"], [2, "contacts", "zh", "2 次"], [1, "contacts", "en", "1 contact"], [2, "contacts", "en", "2 contacts"],
    [3, "medals", "zh", "3 medals"],
  ] as const)("%s %s in %s", (value, unit, lang, text) => expect(amountOf(value, unit, lang)).toBe(text));
});

describe("LimitBar", () => {
  it("says cap, used, reserved, free, when more comes and who may change it", () => {
    show({ used: 3, reserved: 2, resetsMs: Date.UTC(2026, 10, 15, 16), who: "管理者" });
    expect(screen.getByText("余 5 次")).toBeTruthy();
    for (const text of ["已用 3 次", "预留 2 次", "上限 10 次", "11月16日 周一 00:00 恢复", "可调整：管理者"]) expect(screen.getByText(text)).toBeTruthy();
    const meter = screen.getByRole("meter", { name: "每周触达" });
    expect(meter.getAttribute("aria-valuenow")).toBe("5");
    expect(meter.getAttribute("aria-valuetext")).toBe("已用 3 次，预留 2 次，上限 10 次，11月16日 周一 00:00 恢复");
  });

  it("takes the seal only when something waits", () => {
    const { container, unmount } = show({ used: 10 });
    expect(screen.getByText("已满")).toBeTruthy();
    expect(container.querySelector(".seal")).toBeNull();
    unmount();
    expect(show({ used: 10, waiting: 3 }).container.querySelector(".seal")?.textContent).toBe("3");
  });

  it("says how far over it is, and why", () => {
    show({ used: 12, reason: "双11 加码" });
    expect(screen.getByText("◐ 超出上限 2 次")).toBeTruthy();
    expect(screen.getByText("超出原因：双11 加码")).toBeTruthy();
  });

  it("keeps the numbers in the words of a narrow bar", () => {
    show({ used: 8, compact: true }, "en");
    expect(screen.queryByText("8 contacts used")).toBeNull();
    expect(screen.getByRole("meter").getAttribute("aria-valuetext")).toBe("8 contacts used, cap 10 contacts");
  });

  it("calls a limit of hours by its hours, and no limit by its word", () => {
    show({ cap: 0, hours: "22:00 至次日 08:00 不触达" });
    expect(screen.getByText("时段内不可用")).toBeTruthy();
    expect(screen.getByText("22:00 至次日 08:00 不触达")).toBeTruthy();
    show({ cap: null, used: 4, name: "无" });
    expect(screen.getByText("不设上限")).toBeTruthy();
  });
});
