import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { bytes, DropZone, refusal } from "./DropZone";

const file = (size: number, name = "orders.csv"): File => new File([new Uint8Array(size)], name);

test("a chosen file is handed on", async () => {
  const taken = vi.fn();
  render(<DropZone onFile={taken} />);
  await userEvent.upload(screen.getByTestId("drop-file"), file(3));
  expect((taken.mock.calls[0]?.[0] as File).name).toBe("orders.csv");
});

test("a dropped file is handed on, two are refused in words", () => {
  const taken = vi.fn();
  render(<DropZone onFile={taken} />);
  const zone = screen.getByRole("group");
  fireEvent.drop(zone, { dataTransfer: { files: [file(3), file(4)] } });
  expect(screen.getByRole("alert").textContent).toContain("一次一个文件");
  fireEvent.drop(zone, { dataTransfer: { files: [file(3)] } });
  expect(taken).toHaveBeenCalledOnce();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("nothing is taken while one is under way", () => {
  const taken = vi.fn();
  render(<DropZone onFile={taken} busy progress={0.5} />);
  fireEvent.drop(screen.getByRole("group"), { dataTransfer: { files: [file(3)] } });
  expect(taken).not.toHaveBeenCalled();
  expect(screen.getByRole("status").textContent).toBe("正在上传");
  expect(screen.getByRole("progressbar").getAttribute("value")).toBe("50");
});

test.each([[0, "empty"], [11, "large"], [10, null]] as const)("%d bytes: %s", (size, why) => {
  expect(refusal({ name: "a.csv", size }, 10)).toBe(why);
});

test.each([[0, "0 B"], [1023, "1,023 B"], [1024, "1.0 KB"], [1_500_000, "1.4 MB"]] as const)("%d bytes reads %s", (size, text) => {
  expect(bytes(size)).toBe(text);
});

test("what has all left is being recognised", () => {
  render(<DropZone onFile={vi.fn()} busy progress={1} />);
  expect(screen.getByRole("status").textContent).toBe("已传完，正在识别");
  expect(screen.queryByRole("progressbar")).toBeNull();
});
