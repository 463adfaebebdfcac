(** The step from the checker's answer to the theorem that an exported certificate ends with, where the margin is of
    float32 execution. What such a theorem says is defined in [Executions.v]. *)

From Coq Require Import Reals ZArith List.
From ExactCNN Require Import Images Numbers Packing.
From ExactCNN Require Tasks Networks Executions.
Open Scope Z_scope.

(** Inputs are multiples of 1 over [q], where there is one. *)
Theorem exported_float (st : statement) (q : option Z) (cert : certificate) :
  check_float st q cert = true ->
  forall (sizes : Z -> Z -> Prop) (lead : R) (step : option R),
    (forall height width, sizes height width <-> in_sizes st height width) -> lead = ratio_value (margin st) ->
    step = Rounded.step_value q ->
    Executions.float_zero_error (task_of st) (network_of st) sizes lead step.
Proof.
  intros accepted sizes lead step fits -> ->. destruct (Rounded.check_float_sound st q cert accepted) as [Hheld H].
  split; [exact Hheld|]. intros x y Hx Hy Hs%fits. exact (H x y Hx Hy Hs).
Qed.

(** And there is an image of every class. *)
Theorem exported_float_images (st : statement) (q : option Z) (cert : certificate) (l : list witness) :
  check_float st q cert = true -> check_images st l = true ->
  forall (sizes : Z -> Z -> Prop) (lead : R) (step : option R) (number : nat),
    (forall height width, sizes height width <-> in_sizes st height width) -> lead = ratio_value (margin st) ->
    step = Rounded.step_value q -> number = length (classes st) ->
    Executions.float_zero_error (task_of st) (network_of st) sizes lead step
    /\ forall y, (y < number)%nat -> exists x,
         Tasks.admissible (task_of st) x /\ Tasks.labelled (task_of st) x y /\ sizes (height x) (width x).
Proof.
  intros accepted seen sizes lead step number fits Hlead Hstep ->.
  split; [now apply (exported_float st q cert)|]. intros y Hy.
  unfold check_float, exact_statement in accepted. destruct (error_bound st q) as [e|]; [|discriminate].
  destruct (check_images_sound (with_margin st (demanded st e)) cert l accepted seen y Hy) as (x & Ha & Hl & Hs).
  apply fits in Hs. eauto.
Qed.
