"""A certificate as a Coq file whose last theorem is what the certificate proves (`proofs/coq`, `Packing.v`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from exactcnn.formats.coq_certificate import CertificateTerms
from exactcnn.formats.coq_statement import names_of, size_terms, size_words, statement_lines
from exactcnn.formats.coq_text import shown_name

if TYPE_CHECKING:
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
        *_theorem(checked),
    ]
    return "\n".join(lines) + "\n"


def _header(checked: Checked, task: str, name: str, version: str) -> Iterator[str]:
    st = checked.statement
    yield "(** A theorem about one network. On every admissible image of the task"
    yield f"    [{task}]"
    yield f"    of {size_words(st)}, the logit of the image's label leads every other by at least {st.claim[0]}."
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
    yield "From ExactCNN Require Import Packing."
    yield "From ExactCNN Require Axis Networks."
    yield "Import ListNotations."
    yield "Open Scope Z_scope."
    yield ""


def _theorem(checked: Checked) -> Iterator[str]:
    st = checked.statement
    p, q = st.margin
    yield "(** * The theorem *)"
    yield ""
    yield "(** The checker, of which [Certificates.v] proves that it is right, runs on the certificate. *)"
    yield "Lemma accepted : check_instance claim evidence = true."
    yield "Proof. vm_cast_no_check (eq_refl true). Qed."
    yield ""
    yield "Theorem claim_holds :"
    yield "  Networks.zero_error (task_of claim) (network_of claim)"
    yield f"    (fun height width => {size_terms(st)}) ({f'{p} / {q}' if q > 1 else p})%R."
    yield "Proof."
    yield "  apply (exported claim evidence accepted); [compare_sizes|]."
    yield f"  {'reflexivity' if q > 1 else 'apply whole'}."
    yield "Qed."
    yield ""
    yield "Print Assumptions claim_holds."
