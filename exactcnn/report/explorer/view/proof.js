/** The proof: what it rests on, as a tree, and a checker to run in the page. */

import { el, fill, place } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */

/** @param {Model} model */
export function showProof(model) {
  const { noCertificate } = model.data;
  fill(
    place("proof"),
    el("h2", { id: "proof-heading" }, "The proof"),
    noCertificate ? el("p", { class: "notice" }, noCertificate) : null,
  );
}
