import { type Dialog, dialogKey } from './dialog.js';

/** The dialogs that are up, found by their tags as messages carry them, or by their name. */
export class DialogTable {
  private readonly byKey = new Map<string, Dialog>();
  private readonly byName = new Map<string, Dialog>();

  /** Called with each dialog that ends. */
  onRemoved: (dialog: Dialog) => void = () => {};

  get size(): number {
    return this.byKey.size;
  }

  find(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.byKey.get(dialogKey(callId, localTag, remoteTag));
  }

  named(name: string): Dialog | undefined {
    return this.byName.get(name);
  }

  add(dialog: Dialog): void {
    this.byKey.set(dialog.key, dialog);
    this.byName.set(dialog.name, dialog);
  }

  /** Ends a dialog; `false` when it had ended before. */
  remove(dialog: Dialog): boolean {
    if (dialog.terminated) return false;
    dialog.terminated = true;
    this.byKey.delete(dialog.key);
    if (this.byName.get(dialog.name) === dialog) this.byName.delete(dialog.name);
    this.onRemoved(dialog);
    return true;
  }
}
