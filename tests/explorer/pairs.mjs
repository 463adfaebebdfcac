// Golden and shipped statements with their certificates.
import { readdirSync, readFileSync } from "node:fs";

const FOLDERS = { golden: "../golden/accept/", shipped: "../../proofs/certificates/" };

/** A statement and its certificate, as texts. */
export function pair(folder, name) {
  const read = (ending) => readFileSync(new URL(`${FOLDERS[folder]}${name}.${ending}`, import.meta.url), "latin1");
  return { statement: read("stmt"), certificate: read("cert") };
}

/** The names in a folder. */
export function names(folder) {
  const files = readdirSync(new URL(FOLDERS[folder], import.meta.url));
  return files.filter((file) => file.endsWith(".cert")).map((file) => file.slice(0, -5));
}
