import { z } from 'zod';
import { editDistance } from '../core/edit-distance.js';

/** What is looked at of a JSON Schema. */
interface Form {
  properties?: Record<string, Form>;
  items?: Form;
  anyOf?: Form[];
  oneOf?: Form[];
  allOf?: Form[];
  const?: unknown;
}

type Path = readonly (string | number)[];

const MOST_PLACES = 3;

/** What is to be said of fields that a schema does not have. */
export class FieldHints {
  private form: Form | null = null;

  /** @param value what was read by the schema: among forms that name their kind it tells which one was meant */
  constructor(
    private readonly schema: z.ZodType,
    private readonly value: unknown,
  ) {}

  /** A name that was probably meant in its place, or else where there is a field of that name; `''` where nothing is like it. */
  of(path: Path, key: string): string {
    this.form ??= z.toJSONSchema(this.schema, { io: 'input', unrepresentable: 'any' }) as Form;
    const near = nearest(key, [...fieldsAt(this.form, this.value, path)]);
    if (near !== null) return `; did you mean \`${near}\`?`;
    const places = placesOf(this.form, key);
    return places.length === 0 ? '' : ` here; there is ${places.map((place) => `\`${place}\``).join(', ')}`;
  }
}

/** A form, and those that it may take. */
function formsOf(form: Form): Form[] {
  const others = [...(form.anyOf ?? []), ...(form.oneOf ?? []), ...(form.allOf ?? [])];
  return [form, ...others.flatMap(formsOf)];
}

function fieldsAt(root: Form, value: unknown, path: Path): Set<string> {
  let forms = formsOf(root);
  let at = value;
  for (const key of path) {
    at = (at as Record<string | number, unknown> | null | undefined)?.[key];
    forms = forms
      .flatMap((form) => (typeof key === 'number' ? form.items : form.properties?.[key]) ?? [])
      .flatMap(formsOf)
      .filter((form) => isOfKind(form, at));
  }
  return new Set(forms.flatMap((form) => Object.keys(form.properties ?? {})));
}

/** Whether the value has what all values of the form have, such as its `kind`. */
function isOfKind({ properties = {} }: Form, value: unknown): boolean {
  const fields = Object(value) as Record<string, unknown>;
  return Object.entries(properties).every(([name, field]) => field.const === undefined || fields[name] === field.const);
}

/** Fields of that name in the sections of a profile. */
function placesOf(root: Form, key: string): string[] {
  const wanted = plain(key);
  return Object.entries(root.properties ?? {})
    .flatMap(([section, form]) =>
      [...new Set(formsOf(form).flatMap((one) => Object.keys(one.properties ?? {})))]
        .filter((name) => plain(name) === wanted)
        .map((name) => `${section}.${name}`),
    )
    .slice(0, MOST_PLACES);
}

/** The name that is most like the one given, where at most one letter in three is another one. */
function nearest(given: string, names: readonly string[]): string | null {
  const text = plain(given);
  let best: string | null = null;
  let least = Math.floor(Math.max(text.length, 3) / 3) + 1;
  for (const name of names) {
    const distance = editDistance(text, plain(name));
    if (distance >= least) continue;
    best = name;
    least = distance;
  }
  return best;
}

/** Without what people write in different ways: `when-full` is `whenFull`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
