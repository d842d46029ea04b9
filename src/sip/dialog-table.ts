import { ChurnMap } from '../core/churn-map.js';
import { type Dialog, dialogKey } from './dialog.js';

/** How many calls that ended are remembered. */
const REMEMBERED = 64;

/** The dialogs that are up, found by their tags as messages carry them, or by their name. */
export class DialogTable {
  private readonly byKey = new ChurnMap<string, Dialog>();
  private readonly byName = new ChurnMap<string, Dialog>();
  /** Keys of the last calls that ended, the oldest overwritten by the next. */
  private readonly ended: string[] = [];
  private endedCount = 0;

  /** Called when the call within a dialog ends. */
  onCallEnded: (dialog: Dialog) => void = () => {};

  get size(): number {
    return this.byKey.size;
  }

  find(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.byKey.get(dialogKey(callId, localTag, remoteTag));
  }

  /** Whether that dialog was a call that is over, as far as that is remembered. */
  endedLately(callId: string, localTag: string, remoteTag: string): boolean {
    return this.ended.includes(dialogKey(callId, localTag, remoteTag));
  }

  named(name: string): Dialog | undefined {
    return this.byName.get(name);
  }

  /** Takes in a dialog. The second and further branches of a forked call are named by their To tags as well. */
  add(dialog: Dialog): void {
    this.byKey.set(dialog.key, dialog);
    if (this.byName.has(dialog.name)) dialog.name = branchName(dialog);
    this.byName.set(dialog.name, dialog);
  }

  /**
   * An early dialog was accepted. Of a forked call of ours it takes the name of the call, whichever branch it is; those that
   * others made with us are further calls, and keep the names that the application has for them.
   */
  confirm(dialog: Dialog): void {
    dialog.early = false;
    const { baseName } = dialog;
    if (dialog.role === 'uas' || dialog.name === baseName) return;
    const holder = this.byName.get(baseName);
    if (holder) {
      if (!holder.early) return;
      holder.name = branchName(holder);
      this.byName.set(holder.name, holder);
    }
    this.byName.delete(dialog.name);
    dialog.name = baseName;
    this.byName.set(baseName, dialog);
  }

  /** Ends a dialog; `false` when it had ended before. */
  remove(dialog: Dialog): boolean {
    if (dialog.terminated) return false;
    dialog.terminated = true;
    const { key } = dialog;
    this.byKey.delete(key);
    if (dialog.inCall) this.ended[this.endedCount++ % REMEMBERED] = key;
    if (this.byName.get(dialog.name) === dialog) this.byName.delete(dialog.name);
    for (const subscription of dialog.subscriptions ?? []) subscription.stop();
    this.leaveCall(dialog);
    return true;
  }

  /** Ends every dialog, of which nobody hears. */
  removeAll(): void {
    for (const dialog of this.byKey.values()) this.remove(dialog);
  }

  /** Ends the call within a dialog, and the dialog unless a subscription keeps it (RFC 5057 4.1). */
  endCall(dialog: Dialog): void {
    if (dialog.subscriptions === null) this.remove(dialog);
    else this.leaveCall(dialog);
  }

  private leaveCall(dialog: Dialog): void {
    dialog.inCall = false;
    dialog.session?.stop();
    dialog.session = null;
    this.onCallEnded(dialog);
  }
}

function branchName(dialog: Dialog): string {
  return `${dialog.baseName};to-tag=${dialog.role === 'uac' ? dialog.remoteTag : dialog.localTag}`;
}
