(** Tasks: templates, features, classes; which images are admissible, and which label they have (THEOREM.md, section 1).

    The setting is that of Nandakumar, Tagade and Liu (arXiv 2307.00919): an object is present exactly when its features
    are. All numbers are real. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums Images.
From ExactCNN Require Export Formulas.
Import ListNotations.
Open Scope R_scope.

(** * Definitions *)

(** A template is a box: a closed interval for each pixel of a window. *)
Record template := Template { low : patch; high : patch }.

(** A feature: templates of one size, with a gap. *)
Record feature := Feature { rows : Z; columns : Z; gap : R; templates : list template }.

Record task := Task {
  channels : nat;
  darkest : R;
  brightest : R;
  features : list feature;
  classes : list class
}.

Section Semantics.
  Variable T : task.

  (** The L1 distance of a patch to a template's box. *)
  Definition excess (f : feature) (t : template) (P : patch) : R :=
    patch_sum (channels T) (rows f) (columns f)
      (fun c i j => relu (P c i j - high t c i j) + relu (low t c i j - P c i j)).

  Definition exhibits (f : feature) (P : patch) : Prop := exists t, In t (templates f) /\ excess f t P = 0.

  Definition clear (f : feature) (P : patch) : Prop := forall t, In t (templates f) -> gap f <= excess f t P.

  (** The window with its top left corner at (r, s) lies inside the image. *)
  Definition window_fits (f : feature) (x : image) (r s : Z) : Prop :=
    (0 <= r /\ r + rows f <= height x /\ 0 <= s /\ s + columns f <= width x)%Z.

  Definition contains (x : image) (f : feature) : Prop :=
    exists r s, window_fits f x r s /\ exhibits f (window x r s).

  Definition avoids (x : image) (f : feature) : Prop :=
    forall r s, window_fits f x r s -> clear f (window x r s).

  (** Feature number [n] of the task, as a relation: numbers out of range name nothing. *)
  Definition numbered (n : nat) (f : feature) : Prop := nth_error (features T) n = Some f.

  Definition alternative_holds (x : image) (a : alternative) : Prop :=
    (forall n f, In n (requires a) -> numbered n f -> contains x f) /\
    (forall n f, In n (forbids a) -> numbered n f -> avoids x f).

  Definition formula_holds (x : image) (c : class) : Prop :=
    match c with
    | AnyOf alternatives => exists a, In a alternatives /\ alternative_holds x a
    | Otherwise => False
    end.

  Definition class_holds (x : image) (c : class) : Prop :=
    match c with
    | AnyOf _ => formula_holds x c
    | Otherwise => forall c', In c' (classes T) -> ~ formula_holds x c'
    end.

  (** An image of the task: not empty, all pixels in the pixel range. *)
  Definition is_image (x : image) : Prop :=
    (1 <= height x)%Z /\ (1 <= width x)%Z /\
    forall c i j, (c < channels T)%nat -> inside x i j -> darkest T <= pixel x c i j <= brightest T.

  (** Class number [y] holds, and no other. *)
  Definition labelled (x : image) (y : nat) : Prop :=
    exists c, nth_error (classes T) y = Some c /\ class_holds x c /\
              forall z c', nth_error (classes T) z = Some c' -> class_holds x c' -> z = y.

  (** An image contains or avoids every feature, and exactly one class holds: its label. *)
  Definition admissible (x : image) : Prop :=
    is_image x /\ (forall f, In f (features T) -> contains x f \/ avoids x f) /\ exists y, labelled x y.

  (** * What a task file may say *)

  Definition template_ok (f : feature) (t : template) : Prop :=
    forall c i j, place (channels T) (rows f) (columns f) c i j ->
                  darkest T <= low t c i j /\ low t c i j <= high t c i j /\ high t c i j <= brightest T.

  Definition feature_ok (f : feature) : Prop :=
    (1 <= rows f)%Z /\ (1 <= columns f)%Z /\ 0 < gap f /\ templates f <> [] /\
    forall t, In t (templates f) -> template_ok f t.

  Definition class_ok (c : class) : Prop :=
    match c with
    | AnyOf alternatives =>
        alternatives <> [] /\
        forall a, In a alternatives ->
                  forall n, In n (requires a) \/ In n (forbids a) -> (n < length (features T))%nat
    | Otherwise => True
    end.

  Definition well_formed : Prop :=
    darkest T < brightest T /\
    (forall f, In f (features T) -> feature_ok f) /\
    (forall c, In c (classes T) -> class_ok c) /\
    (forall y z, nth_error (classes T) y = Some Otherwise -> nth_error (classes T) z = Some Otherwise -> y = z).

  (** * First consequences *)

  Lemma excess_nonneg f t P : 0 <= excess f t P.
  Proof.
    apply patch_sum_nonneg. intros c i j _. assert (H := relu_nonneg (P c i j - high t c i j)).
    assert (H' := relu_nonneg (low t c i j - P c i j)). lra.
  Qed.

  (** No image both contains and avoids a feature with a gap. *)
  Lemma contains_not_avoids x f : 0 < gap f -> contains x f -> ~ avoids x f.
  Proof.
    intros Hg (r & s & Hfit & t & Ht & H0) Havoid.
    specialize (Havoid r s Hfit t Ht). lra.
  Qed.

  Lemma label_unique x y z : labelled x y -> labelled x z -> y = z.
  Proof.
    intros (c & Hy & Hc & Hu) (c' & Hz & Hc' & Hu'). symmetry. eauto.
  Qed.
End Semantics.
