(** The step from the checker's answer to the theorem that an exported certificate ends with, where the margin is of
    float32 execution. What such a theorem says is defined in [Executions.v]. *)

From Coq Require Import Reals ZArith List.
From ExactCNN Require Import Images Numbers Packing.
From ExactCNN Require Tasks Networks Executions.
Open Scope Z_scope.

(** The witnesses are evaluated exactly: their logits have to lead by the margin that pays for the rounding, too. *)
Definition check_float_witnesses (st : statement) (q : option Z) (l : list witness) : bool :=
  match exact_statement st q with Some exact => check_witnesses exact l | None => false end.

(** Inputs are multiples of 1 over [q], where there is one. There is an image of every class. *)
Theorem exported_float (st : statement) (q : option Z) (cert : certificate) (l : list witness) :
  check_float st q cert = true -> check_float_witnesses st q l = true ->
  forall (sizes : Z -> Z -> Prop) (lead : R) (step : option R) (number : nat),
    (forall height width, sizes height width <-> in_sizes st height width) -> lead = ratio_value (margin st) ->
    step = Rounded.step_value q -> number = length (classes st) ->
    Executions.float_zero_error (task_of st) (network_of st) sizes lead step
    /\ forall y, (y < number)%nat -> exists x,
         Tasks.admissible (task_of st) x /\ Tasks.labelled (task_of st) x y /\ sizes (height x) (width x).
Proof.
  intros accepted seen sizes lead step number fits -> -> ->.
  assert (both : check_float_certificate st q cert l = true).
  { unfold check_float, check_float_witnesses, check_float_certificate in *.
    destruct (exact_statement st q); [|discriminate]. unfold check_certificate. now rewrite accepted, seen. }
  apply Rounded.check_float_certificate_sound in both as [[held right] images]. split.
  - split; [exact held|]. intros x y Hx Hy Hs%fits. exact (right x y Hx Hy Hs).
  - intros y (x & Hs%fits & Ha & Hl)%images. eauto.
Qed.
