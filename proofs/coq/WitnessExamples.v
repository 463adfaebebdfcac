(** FORMAT.md's lamp with its witnesses as a theorem; false witnesses are refused. *)

From Coq Require Import Reals ZArith NArith List Lra Lia.
From ExactCNN Require Import Sums Images Formulas Numbers Witnesses.
From ExactCNN Require Axis Tasks Networks.
Import ListNotations.
Open Scope Z_scope.

Module Witnessed := Witnesses BinaryIntegers.
Import Witnessed.

(** * The lamp *)

Definition witnessed_lamp (margin : ratio) : statement :=
  Statement 1 1 None None margin 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] PoolMax [SDense 1 [[(0%N, 2)]; []] [0; 1] 2].

(** The certificate of FORMAT.md, as in [Examples.v]. *)
Definition lamp_certificate : certificate :=
  Certificate
    [Upper 0 (Ratio 1 4) [0%nat]
       [([(0%nat, 0%nat, 0, 0)],
         Some [Close (Split 1); Close (Qed [(4%N, 2); (6%N, 1)]); Close (Qed [(4%N, 1); (6%N, 2)])])];
     Lower 0 0 0 (Ratio 3 4) [(0%nat, 0%nat, None)]]
    [Some (Ratio 3 4, map Close [Choose 0; Choose 1; Choose 2; Qed [(0%N, 1)]]); Some (Ratio 1 2, [Close (Qed [])])]
    [Some (Ratio 1 4, map Close [Choose 0; Choose 2; Qed [(0%N, 1)]]); Some (Ratio 1 2, [Close (Qed [])])] [].

(** A white image of 3x3 pixels, and one dark pixel. *)
Definition white : witness := Witness 1 1 3 3 0 0 1 [[[1]]].
Definition dim : witness := Witness 1 1 1 1 0 0 4 [[[1]]].

Example lamp_accepted : check_certificate (witnessed_lamp (Ratio 1 4)) lamp_certificate [white; dim] = true.
Proof. vm_compute. reflexivity. Qed.

(** On every admissible image the right logit leads by 1/4, and there are images of both classes. *)
Theorem lamp_witnessed :
  Networks.zero_error (task_of (witnessed_lamp (Ratio 1 4))) (network_of (witnessed_lamp (Ratio 1 4)))
                      (fun H W => 1 <= H /\ 1 <= W) (1 / 4) /\
  forall y, (y < 2)%nat ->
    exists x, Tasks.admissible (task_of (witnessed_lamp (Ratio 1 4))) x /\
              Tasks.labelled (task_of (witnessed_lamp (Ratio 1 4))) x y.
Proof.
  destruct (check_certificate_sound _ _ _ lamp_accepted) as [H H']. split.
  - intros x y Hx Hy [HH HW]. apply (H x y Hx Hy). unfold in_sizes. cbn. repeat split; try assumption; discriminate.
  - intros y Hy. destruct (H' y Hy) as (x & _ & Ha & Hl). exists x. split; assumption.
Qed.

(** The order of classes, a pixel that is neither bright nor clearly dark, one outside the pixel range, a row that is
    not in the core, a size that the core does not fit in, a missing witness, one too many. *)
Example refused_label : check_witnesses (witnessed_lamp (Ratio 1 4)) [dim; white] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_inadmissible :
  check_witnesses (witnessed_lamp (Ratio 1 4)) [white; Witness 1 1 1 1 0 0 2 [[[1]]]] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_range : check_witnesses (witnessed_lamp (Ratio 1 4)) [Witness 1 1 1 1 0 0 1 [[[2]]]; dim] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_row : check_witnesses (witnessed_lamp (Ratio 1 4)) [Witness 1 1 3 3 1 0 1 [[[1]]]; dim] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_core : check_witnesses (witnessed_lamp (Ratio 1 4)) [Witness 2 1 1 3 0 0 1 [[[1]; [1]]]; dim] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_missing : check_witnesses (witnessed_lamp (Ratio 1 4)) [white] = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_more : check_witnesses (witnessed_lamp (Ratio 1 4)) [white; dim; dim] = false.
Proof. vm_compute. reflexivity. Qed.

(** The dark pixel's logits are 1/4 and 1/2: a margin of 1/3 is too large. *)
Example refused_margin : check_witnesses (witnessed_lamp (Ratio 1 3)) [white; dim] = false.
Proof. vm_compute. reflexivity. Qed.

(** * Long runs, sums and means *)

(** The same task for images of up to [most] rows and columns, and a network with a window of 3x3 and steps of 2, whose
    stem is the sum of the window's pixels; logits [a] times the pooled channel, and 1/2. *)
Definition summing (most : Z) (p : pool_kind) (a unit : Z) : statement :=
  let axis := Axis.Level 3 2 1 1 in
  Statement 1 1 (Some most) (Some most) (Ratio 1 4) 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [SConv 1 axis axis [map (fun rc : Z * Z => (0%N, fst rc, snd rc, 1))
                            (list_prod (Axis.span 0 3) (Axis.span 0 3))] [0] 1; SRelu]
    p [SDense 1 [[(0%N, a)]; []] [0; unit] (2 * unit)].

(** White and black images of 1001 rows and 999 columns: the checker looks at small ones. The windows of all
    501 rows of positions hold 1501 rows, those of all 500 columns 1498 columns, so that the sum is 1501 x 1498. *)
Definition long (v : Z) : witness := Witness 1 1 1001 999 0 0 1 [[[v]]].

Example long_lengths :
  shorter (row_levels (stem (summing 1001 PoolSum 1 1))) [1] 1 1001 0 = (5, Extra 1 498) /\
  shorter (column_levels (stem (summing 1001 PoolSum 1 1))) [1] 1 999 0 = (5, Extra 1 497).
Proof. vm_compute. split; reflexivity. Qed.

Example long_sum : check_witnesses (summing 1001 PoolSum 1 1) [long 1; long 0] = true.
Proof. vm_compute. reflexivity. Qed.

(** With weights so small that the logit is just 3/4, or just less: the positions left out are counted. *)
Example long_sum_exactly :
  check_witnesses (summing 1001 PoolSum 3 4496996) [long 1; long 0] = true /\
  check_witnesses (summing 1001 PoolSum 3 4496997) [long 1; long 0] = false.
Proof. vm_compute. split; reflexivity. Qed.

Example long_mean : check_witnesses (summing 1001 PoolMean 1 1) [long 1; long 0] = true.
Proof. vm_compute. reflexivity. Qed.

Example refused_size : check_witnesses (summing 1000 PoolSum 1 1) [long 1; long 0] = false.
Proof. vm_compute. reflexivity. Qed.
