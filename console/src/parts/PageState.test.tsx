import { act, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { expect, it, vi } from "vitest";
import { ApiError } from "@/api/client";
import { PageState } from "./PageState";

const Place = () => <i data-testid="place">{useLocation().search}</i>;
const show = (node: React.ReactNode, path = "/x") => render(<MemoryRouter initialEntries={[path]}>{node}<Place /></MemoryRouter>);

it("says what and mend as they come, and keeps the raw error at hand", () => {
  const again = vi.fn();
  show(<PageState state="error" error={new ApiError(503, "all readers are in use", "Ask again")} onRetry={again} />);
  expect(screen.getByRole("alert").textContent).toContain("没能读到：all readers are in use。");
  expect(screen.getByRole("alert").textContent).toContain("Ask again");
  fireEvent.click(screen.getByRole("button", { name: "再试一次" }));
  expect(again).toHaveBeenCalledOnce();
  fireEvent.click(screen.getByRole("button", { name: "看原始错误" }));
  expect(screen.getByText(/"status": 503/)).toBeTruthy();
});

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
