(** Executions in binary32 (THEOREM.md, section 7): which logits a machine may compute that follows IEEE 754.

    Numbers are stored as binary32 after every layer. Sums may be computed in any order, their products rounded or fused
    with an addition; rounding is to nearest, by any rule for ties, and numbers near 0 underflow gradually. ReLU and
    maximum are exact. A mean's sum is divided by a count or multiplied by its rounded reciprocal. After an overflow
    anything may follow. Not modelled, and so not claimed: other formulas (such as Winograd's for convolutions),
    other roundings, flushing small numbers to 0, sums in a lower precision, and the rounding of pixels before the
    network reads them. *)

From Coq Require Import Reals ZArith List Lra Lia Bool.
From ExactCNN Require Import Sums Binary32 ComputedSums ComputedMeans Images Tasks Networks.
Import ListNotations.
Open Scope R_scope.

(** * Executions *)

(** The products of a convolution at the window with its corner at (r, s): weights and what they are multiplied by. *)
Definition window_products (inputs : nat) (g : geometry) (weight : nat -> Z -> Z -> R) (x : image) (r s : Z)
    : list (R * R) :=
  map (fun p => let '(c, (i, j)) := p in (weight c i j, padded x c (r + i)%Z (s + j)%Z))
      (list_prod (seq 0 inputs) (list_prod (ints (kernel_rows g)) (ints (kernel_columns g)))).

(** The numbers of channel [k] at places. *)
Definition values (x : image) (k : nat) (places : list (Z * Z)) : list R :=
  map (fun p => pixel x k (fst p) (snd p)) places.

(** What a layer may compute from the image [x] for channel [k] at (i, j). *)
Definition computed (l : layer) (x : image) (k : nat) (i j : Z) (y : R) : Prop :=
  match l with
  | Conv inputs g weight bias =>
      summed (window_products inputs g (weight k) x (i * down g - top g) (j * right g - left g)) [bias k] y
  | Relu => y = relu (pixel x k i j)
  | MaxPool g => y = maximum (values x k (existing g x (i * down g - top g) (j * right g - left g)))
  | AvgPool g => averaged (IZR (kernel_rows g * kernel_columns g))
                          (values x k (existing g x (i * down g - top g) (j * right g - left g))) y
  end.

(** The image [y] may come out when layer [l] is executed on the image [x]. *)
Definition executed_layer (l : layer) (x y : image) : Prop :=
  height y = height (apply l x) /\ width y = width (apply l x) /\
  forall k i j, inside y i j -> computed l x k i j (pixel y k i j).

Fixpoint executed_layers (layers : list layer) (x y : image) : Prop :=
  match layers with
  | [] => y = x
  | l :: layers => exists z, executed_layer l x z /\ executed_layers layers z y
  end.

Definition executed_pool (p : pool) (x : image) (v : nat -> R) : Prop :=
  forall k,
    let numbers := values x k (positions x) in
    match p with
    | GlobalMax => v k = maximum numbers
    | GlobalSum => summed [] numbers (v k)
    | GlobalMean => averaged (INR (length numbers)) numbers (v k)
    end.

Definition executed_head_layer (l : head_layer) (v w : nat -> R) : Prop :=
  forall o,
    match l with
    | Dense inputs weight bias => summed (map (fun k => (weight o k, v k)) (seq 0 inputs)) [bias o] (w o)
    | DenseRelu => w o = relu (v o)
    end.

Fixpoint executed_head (layers : list head_layer) (v w : nat -> R) : Prop :=
  match layers with
  | [] => w = v
  | l :: layers => exists u, executed_head_layer l v u /\ executed_head layers u w
  end.

(** [v] may be the logits that are computed for the image [x]. *)
Definition executed (N : network) (x : image) (v : nat -> R) : Prop :=
  exists a p, executed_layers (stem N) (read_image (input N) x) a /\ executed_pool (pooling N) a p
              /\ executed_head (head N) p v.

(** * Zero error of executions *)

(** All weights and biases are numbers of binary32. *)
Definition held_layer (l : layer) : Prop :=
  match l with
  | Conv _ _ weight bias => (forall k c i j, binary32 (weight k c i j)) /\ forall k, binary32 (bias k)
  | _ => True
  end.

Definition held_head (l : head_layer) : Prop :=
  match l with
  | Dense _ weight bias => (forall o k, binary32 (weight o k)) /\ forall o, binary32 (bias o)
  | DenseRelu => True
  end.

Definition held (N : network) : Prop :=
  (forall l, In l (stem N) -> held_layer l) /\ forall l, In l (head N) -> held_head l.

(** The numbers that the network reads are of binary32, and integer multiples of the step if there is one. *)
Definition readable (T : task) (N : network) (step : option R) (x : image) : Prop :=
  forall c i j, (c < channels T)%nat -> inside x i j ->
    let v := read (input N) (pixel x c i j) in
    binary32 v /\ match step with Some s => multiple s v | None => True end.

(** [zero_error] of whatever logits are computed: the lead of the label's is an exact difference of computed numbers. *)
Definition float_zero_error (T : task) (N : network) (range : Z -> Z -> Prop) (margin : R) (step : option R) : Prop :=
  held N /\
  forall x y, admissible T x -> labelled T x y -> range (height x) (width x) -> readable T N step x ->
    defined N x /\
    forall v, executed N x v -> forall z, (z < length (classes T))%nat -> z <> y -> v z + margin <= v y.

(** Exact logits that lead by a margin and twice an error, computed ones no further off than the error. *)
Theorem float_zero_error_of_exact T N range margin step error :
  held N -> zero_error T N range (margin + 2 * error) ->
  (forall x v z, is_image T x -> range (height x) (width x) -> defined N x -> readable T N step x -> executed N x v ->
     (z < length (classes T))%nat -> Rabs (v z - logit N x z) <= error) ->
  float_zero_error T N range margin step.
Proof.
  intros Hh H He. split; [exact Hh|]. intros x y Ha Hy Hr Hx. destruct (H x y Ha Hy Hr) as [Hd Hz].
  split; [exact Hd|]. intros v Hv z Hz' N'. specialize (Hz z Hz' N').
  assert (Ly : (y < length (classes T))%nat).
  { destruct Hy as (c & E & _). apply nth_error_Some. now rewrite E. }
  assert (I : is_image T x) by apply Ha.
  assert (Ez := He x v z I Hr Hd Hx Hv Hz'). assert (Ey := He x v y I Hr Hd Hx Hv Ly).
  revert Ez Ey. unfold Rabs. repeat destruct Rcase_abs; lra.
Qed.

(** ** Executions exist *)

Definition run_layer (l : layer) (x : image) : image :=
  Image (height (apply l x)) (width (apply l x)) (fun k i j =>
    match l with
    | Conv inputs g weight bias =>
        added_up (window_products inputs g (weight k) x (i * down g - top g) (j * right g - left g)) [bias k]
    | AvgPool g =>
        round (added_up [] (values x k (existing g x (i * down g - top g) (j * right g - left g)))
               / IZR (kernel_rows g * kernel_columns g))
    | _ => pixel (apply l x) k i j
    end).

Lemma run_layer_executed l x : executed_layer l x (run_layer l x).
Proof.
  split; [reflexivity|split; [reflexivity|]]. intros k i j _.
  destruct l as [inputs g weight bias| |g|g]; cbn [computed run_layer pixel].
  - apply added_up_summed.
  - reflexivity.
  - reflexivity.
  - apply divided_averaged.
Qed.

(** Every network has an execution on every image. *)
Theorem execution_exists N x : exists v, executed N x v.
Proof.
  unfold executed.
  assert (Stem : forall layers a, exists b, executed_layers layers a b).
  { induction layers as [|l layers IH]; intros a; [now exists a|].
    destruct (IH (run_layer l a)) as [b Hb]. exists b, (run_layer l a). split; [apply run_layer_executed|exact Hb]. }
  assert (Head : forall layers a, exists b, executed_head layers a b).
  { induction layers as [|l layers IH]; intros a; [now exists a|].
    set (b := match l with
              | Dense inputs weight bias => fun o => added_up (map (fun k => (weight o k, a k)) (seq 0 inputs)) [bias o]
              | DenseRelu => fun o => relu (a o)
              end).
    destruct (IH b) as [c Hc]. exists c, b. split; [|exact Hc]. intros o. unfold b.
    destruct l; [apply added_up_summed|reflexivity]. }
  destruct (Stem (stem N) (read_image (input N) x)) as [a Ha].
  set (p := fun k => let numbers := values a k (positions a) in
              match pooling N with
              | GlobalMax => maximum numbers
              | GlobalSum => added_up [] numbers
              | GlobalMean => round (added_up [] numbers / INR (length numbers))
              end).
  destruct (Head (head N) p) as [v Hv]. exists v, a, p. split; [exact Ha|]. split; [|exact Hv].
  intros k. unfold p. destruct (pooling N); [reflexivity|apply added_up_summed|apply divided_averaged].
Qed.
