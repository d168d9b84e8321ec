import { act, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "@/api/client";
import { UndoToast } from "./UndoToast";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const draw = (undo?: () => Promise<unknown>): (() => void) => {
  const close = vi.fn();
  render(<MemoryRouter><UndoToast text="已停用 zhou.ning" undo={undo} seconds={3} onClose={close} /></MemoryRouter>);
  return close;
};

test("counts down and closes by itself", () => {
  const close = draw(() => Promise.resolve());
  expect(screen.getByRole("button", { name: "撤销（还剩 3 秒）" })).toBeTruthy();
  act(() => void vi.advanceTimersByTime(1_000));
  expect(screen.getByRole("button", { name: "撤销（还剩 2 秒）" })).toBeTruthy();
  act(() => void vi.advanceTimersByTime(1_000));
  act(() => void vi.advanceTimersByTime(1_000));
  expect(close).toHaveBeenCalledOnce();
});

test("takes back once and says so", async () => {
  const undo = vi.fn(() => Promise.resolve());
  draw(undo);
  await act(async () => void fireEvent.click(screen.getByRole("button", { name: /撤销/ })));
  expect(undo).toHaveBeenCalledOnce();
  expect(screen.getByRole("status").textContent).toBe("已撤销");
  expect(screen.queryByRole("button", { name: /撤销（/ })).toBeNull();
});

test("tells why it could not be taken back", async () => {
  draw(() => Promise.reject(new ApiError(409, "已经发出", "看回执")));
  await act(async () => void fireEvent.click(screen.getByRole("button", { name: /撤销/ })));
  expect(screen.getByRole("status").textContent).toBe("没有撤销：已经发出。看回执");
});

test("without a way back there is no button", () => {
  draw();
  expect(screen.queryByRole("button", { name: /撤销/ })).toBeNull();
});
