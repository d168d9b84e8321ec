/** Where the popups of the header stand: right after their button, so that the next Tab goes into them. */
export const beside = (button: HTMLElement): HTMLElement => button.parentElement ?? document.body;
