import { z } from 'zod';

/** No control character may reach a header: CR, LF and NUL would make others of it. */
export const headerText = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  .regex(/^[^\u0000-\u001f\u007f]*$/, {
    error: 'must not contain CR, LF, NUL or any other control character: take it out',
    abort: true,
  });

/** Stands within a URI between `sip:` and `@`. */
export const userPart = headerText.regex(
  /^[^\s<>"@]*$/,
  'must not contain blanks, <, >, " or @: it becomes part of a SIP URI',
);
