"""A certificate as a Coq file whose last theorem is what the certificate proves (`proofs/coq`, `Packing.v`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from exactcnn.formats.coq_certificate import CertificateTerms
from exactcnn.formats.coq_statement import names_of, size_terms, size_words, statement_lines
from exactcnn.formats.coq_text import shown_name
from exactcnn.formats.coq_witness import witness_lines

if TYPE_CHECKING:
    from exactcnn.checker.kernel import Statement
    from exactcnn.checker.references import Checked

__all__ = ["coq_theorem"]


def coq_theorem(statement: str, certificate: str, checked: Checked, name: str, version: str) -> str:
    """The text of the file.

    Parameters
    ----------
    statement: the text of the statement.
    certificate: the text of a certificate of it that the kernel accepted.
    checked: what the kernel found out about it.
    name: what the certificate's file is called, without its suffix.
    version: exactcnn's.

    Raises
    ------
    InputError: the statement or the certificate has something that the checker in Coq does not know, which is named.
    """
    st, names = checked.statement, names_of(statement)
    windows = [len(st.windows(feature)) for feature in st.features]
    terms = CertificateTerms(certificate, names, checked.same, len(st.kinds), windows)
    lines = [
        *_header(checked, shown_name(names.task), quote(name), version),
        *statement_lines(st, names),
        *terms.lines(),
        *witness_lines(certificate, st.channels, names),
        *_theorem(checked),
    ]
    return "\n".join(lines) + "\n"


def _header(checked: Checked, task: str, name: str, version: str) -> Iterator[str]:
    st = checked.statement
    yield "(** A theorem about one network. On every admissible image of the task"
    yield f"    [{task}]"
    yield f"    of {size_words(st)}, the logit of the image's label leads every other by at least {st.claim[0]}."
    if st.claim[1:]:
        multiples = f" and integer multiples of {st.claim[3]}" if st.claim[3:] else ""
        yield "    That is said of the logits that any execution in binary32 computes (Executions.v), on those images"
        yield f"    whose numbers, as the network reads them, are of binary32{multiples}."
    yield "    And there is such an image of every class."
    yield ""
    yield "    What admissible images, labels and networks are is defined in exactcnn's proofs/coq: Tasks.v and"
    yield "    Networks.v. The task and the network are written out below; Packing.v says how weights are packed."
    yield "    The theorem is the last one, and Coq prints what it rests on: two axioms of the library's real numbers."
    yield ""
    yield f"    Statement: SHA-256 {st.hash}"
    yield f"    Written by exactcnn {version}: exactcnn export {name}.cert --to coq -o {name}.v"
    yield f"    To compile it, with Coq 8.16 and proofs/coq compiled: coqc -Q PATH/TO/proofs/coq ExactCNN {name}.v *)"
    yield ""
    yield "From Coq Require Import Reals ZArith List."
    yield f"From ExactCNN Require Import Packing{' FloatPacking' if st.claim[1:] else ''}."
    yield f"From ExactCNN Require Axis Images {'Executions' if st.claim[1:] else 'Networks'} Tasks."
    yield "Import ListNotations."
    yield "Open Scope Z_scope."
    yield ""


def _theorem(checked: Checked) -> Iterator[str]:
    st = checked.statement
    execution = _execution(st)
    yield "(** * The theorem *)"
    yield ""
    yield f"Definition sizes (height width : Z) : Prop := {size_terms(st)}."
    yield ""
    yield f"(** The checker, of which [{execution.proved}] proves that it is right, runs on the certificate. *)"
    yield f"Lemma accepted : {execution.check} evidence = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    yield ""
    yield "(** The same of the witnesses, by [Witnesses.v]. *)"
    yield f"Lemma seen : {execution.look} witnesses = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    yield ""
    yield "Theorem claim_holds :"
    lead, _, whole = st.claim[0].partition("/")
    lead = f"{lead} / {whole}" if whole else lead
    claimed = f"{execution.zero_error} (task_of claim) (network_of claim) sizes ({lead})%R{execution.step}"
    yield f"  {claimed}"
    yield f"  /\\ forall label, (label < {len(st.classes)})%nat -> exists image,"
    yield "       Tasks.admissible (task_of claim) image /\\ Tasks.labelled (task_of claim) image label"
    yield "       /\\ sizes (Images.height image) (Images.width image)."
    yield "Proof."
    steps = ["compare_sizes", "reflexivity" if whole else "apply whole", *["reflexivity"] * (1 + bool(execution.step))]
    yield f"  apply ({execution.lemma} {execution.given} evidence witnesses accepted seen); [{'|'.join(steps)}]."
    yield "Qed."
    yield ""
    yield "Print Assumptions claim_holds."


@dataclass(frozen=True)
class _Execution:
    """The words of the theorem that depend on what computes the logits: exact arithmetic, or float32."""

    zero_error: str
    lemma: str
    check: str
    look: str
    given: str
    step: str
    proved: str


def _execution(st: Statement) -> _Execution:
    if not st.claim[1:]:
        checks = "check_instance claim", "check_witnesses claim"
        return _Execution("Networks.zero_error", "exported", *checks, "claim", "", "Certificates.v")
    given, step = "None", " None"
    if st.claim[3:]:
        q = st.claim[3].removeprefix("1/")
        given, step = f"(Some {q})", f" (Some (1 / {q})%R)"
    words = f"claim {given}"
    checks = f"check_float {words}", f"check_float_witnesses {words}"
    return _Execution("Executions.float_zero_error", "exported_float", *checks, words, step, "Roundings.v")
