import { act, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import { PageState } from "./PageState";
import { problemOf } from "./problem";

const Place = () => <i data-testid="place">{useLocation().search}</i>;
const show = (node: React.ReactNode, path = "/x") => render(<MemoryRouter initialEntries={[path]}>{node}<Place /></MemoryRouter>);

it("says an error in Chinese by its status, and keeps the words of the API as details", () => {
  const again = vi.fn();
  show(<PageState state="error" error={new ApiError(503, "all readers are in use", "Ask again")} onRetry={again} />);
  expect(screen.getByRole("alert").textContent).toContain("没能读到：系统正忙，稍等再试。");
  expect(screen.queryByText(/all readers/)).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: /再试一次/ }));
  expect(again).toHaveBeenCalledOnce();
  fireEvent.click(screen.getByRole("button", { name: /详\s?情/ }));
  expect(screen.getByText("all readers are in use. Ask again")).toBeTruthy();
  expect(screen.getByText("错误码 503")).toBeTruthy();
});

it.each([
  [new ApiError(400, "the bucket is 'x'", "Use hour", "bucket"), "zh", "「粒度」的值不能用，改一改再试。", "the bucket is 'x'. Use hour"],
  [new ApiError(400, "the bucket is 'x'", "Use hour", "bucket"), "en", "the bucket is 'x'. Use hour", ""],
  [new ApiError(403, "本周触达上限 2 次，已用 2 次", "11月16日 恢复"), "zh", "本周触达上限 2 次，已用 2 次。11月16日 恢复", ""],
  [new ApiError(418, "no coffee", "Take tea"), "zh", "没有做成。", "no coffee. Take tea"],
  [new Error("x"), "zh", "这一块没有显示出来。其余部分不受影响。", "Error: x"],
] as const)("says %s in %s", (error, lang, text, details) => expect(problemOf(error, lang)).toEqual({ text, details }));

it("tells a missing right from a failure", () => {
  show(<PageState state="error" error={new ApiError(403, "this role sees totals, not people", "Ask")} />);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByRole("status").textContent).toContain("看不到个人");
});

it("offers only filters that are set", () => {
  show(<PageState state="empty" />, "/x?t=30d&pf=jd");
  expect(screen.queryByRole("button", { name: "改为近30天" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "去掉平台筛选" }));
  expect(screen.getByTestId("place").textContent).toBe("?t=30d");
});

it("shows nothing under 300 ms, words after 3 s", () => {
  vi.useFakeTimers();
  const stop = vi.fn();
  show(<PageState state="loading" progress={{ done: 38, total: 100 }} onStop={stop} skeleton={<b>shape</b>} />);
  expect(screen.queryByText("shape")).toBeNull();
  act(() => void vi.advanceTimersByTime(400));
  expect(screen.getByText("shape")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "停止" })).toBeNull();
  act(() => void vi.advanceTimersByTime(3_000));
  expect(screen.getByRole("status").textContent).toContain("正在数 100 条事件，已完成 38%。");
  fireEvent.click(screen.getByRole("button", { name: /停\s?止/ }));
  expect(stop).toHaveBeenCalledOnce();
  vi.useRealTimers();
});
