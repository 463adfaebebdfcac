(** The lamp of FORMAT.md: that the definitions speak of something, and that the checker accepts and refuses.

    An image is on if some pixel is at least 3/4, off if all pixels are at most 1/4. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool.
From ExactCNN Require Import Sums Images Tasks Networks Construction Numbers Checker Soundness Certificates.
From ExactCNN Require Axis.
Import ListNotations.

(** * A task with admissible images of both classes *)

Section Lamp.
  Open Scope R_scope.

  Definition bright : feature := Feature 1 1 (1 / 2) [Template (fun _ _ _ => 3 / 4) (fun _ _ _ => 1)].

  Definition lamp : task :=
    Task 1 0 1 [bright] [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]].

  Lemma lamp_well_formed : well_formed lamp.
  Proof.
    split; [simpl; lra|]. split; [|split].
    - intros f [<-|[]]. unfold feature_ok. simpl. repeat split; try lra; try lia; try discriminate;
        destruct H as [<-|[]]; simpl; lra.
    - intros c [<-|[<-|[]]]; simpl; (split; [discriminate|]); intros a [<-|[]] n; simpl; lia.
    - intros [|[|[|y]]] z; discriminate.
  Qed.

  Lemma bright_excess v r s : excess lamp bright (Template (fun _ _ _ => 3 / 4) (fun _ _ _ => 1))
    (window (Image 1 1 (fun _ _ _ => v)) r s)
                              = relu (v - 1) + relu (3 / 4 - v).
  Proof. unfold excess, patch_sum. simpl. change (ints 1) with [0%Z]. simpl. lra. Qed.

  Definition one_pixel (v : R) : image := Image 1 1 (fun _ _ _ => v).

  Lemma bright_contained v : 3 / 4 <= v <= 1 -> contains lamp (one_pixel v) bright.
  Proof.
    intros Hv. exists 0%Z, 0%Z. split; [unfold window_fits; simpl; lia|].
    eexists. split; [now left|]. unfold one_pixel. rewrite bright_excess, !relu_neg; lra.
  Qed.

  Lemma bright_avoided v : v <= 1 / 4 -> avoids lamp (one_pixel v) bright.
  Proof.
    intros Hv r s _ t [<-|[]]. unfold one_pixel. rewrite bright_excess. simpl gap.
    rewrite (relu_neg (v - 1)), relu_pos; lra.
  Qed.

  (** A white pixel is an admissible image of class 0: the theorems are not about the empty set. *)
  Lemma lamp_on : admissible lamp (one_pixel 1) /\ labelled lamp (one_pixel 1) 0.
  Proof.
    assert (Hc : contains lamp (one_pixel 1) bright) by (apply bright_contained; lra).
    assert (Hl : labelled lamp (one_pixel 1) 0).
    { eexists. split; [reflexivity|]. split.
      - exists (Alternative [0%nat] []). split; [now left|]. split; [|intros n f []].
        intros n f [<-|[]] [= <-]. exact Hc.
      - intros [|[|[|z]]] c [= <-] H; [reflexivity|].
        destruct H as (a & [<-|[]] & _ & H). specialize (H 0%nat bright (or_introl eq_refl) eq_refl).
        destruct (contains_not_avoids lamp (one_pixel 1) bright); [simpl; lra|assumption|assumption]. }
    split; [|exact Hl]. split; [|split; [|eauto]].
    - split; [simpl; lia|]. split; [simpl; lia|]. simpl. intros. lra.
    - intros f [<-|[]]. now left.
  Qed.

  (** The network that the construction gives tells the lamps apart by 1, at every size. *)
  Lemma lamp_solved : zero_error lamp (built_network lamp) every_size 1.
  Proof. exact (construction lamp lamp_well_formed). Qed.
End Lamp.

(** * A proof that the checker accepts, and false ones that it refuses *)

Module Exact := Certificates BinaryIntegers.
Import Exact.
Open Scope Z_scope.

(** Variables: 0 is the pixel x, 1 is e = max(0, 3/4 - x). Rows 0 to 4: x, 1 - x, e, 4e + 4x - 3, and 2e - 1, the
    pixel being clear of [bright]. Goal: [goal] - 4x >= 0. *)
Definition clear_pixel (goal : Z) : sequent :=
  Sequent 2
    [Form [(0%N, 1)] 0; Form [(0%N, -1)] 1]
    [Node 1 4 (ReluOf (Form [(0%N, -4)] 3))]
    [Form [(1%N, 2)] (-1)]
    [] (fun _ => [])
    (Form [(0%N, -4)] goal).

(** The proof in FORMAT.md: split the node; then 2(2e - 1) + (3 - 4x - 4e), and (2e - 1) - 2e < 0. *)
Definition clear_pixel_proof : proof :=
  [Close (Split 1); Close (Qed [(4%N, 2); (6%N, 1)]); Close (Qed [(4%N, 1); (6%N, 2)])].

Example accepted : check (clear_pixel 1) clear_pixel_proof = true.
Proof. reflexivity. Qed.

(** A bound that is off by a little, a missing branch, one line too many, a row that is not there, a rule used without
    its premise. *)
Example refused_bound : check (clear_pixel 0) clear_pixel_proof = false.
Proof. reflexivity. Qed.

Example refused_branch :
  check (clear_pixel 1) [Close (Split 1); Close (Qed [(4%N, 2); (6%N, 1)])] = false.
Proof. reflexivity. Qed.

Example refused_rest : check (clear_pixel 1) (clear_pixel_proof ++ [Close (Qed [(4%N, 1); (6%N, 2)])]) = false.
Proof. reflexivity. Qed.

Example refused_row : check (clear_pixel 1) [Close (Qed [(4%N, 2); (5%N, 1)])] = false.
Proof. reflexivity. Qed.

Example refused_sub :
  check (clear_pixel 1) [Step (Sub None 1 1 []); Close (Qed [(4%N, 2); (5%N, 1)])] = false.
Proof. reflexivity. Qed.

(** What the acceptance means. *)
Example dark_pixel (x e : R) :
  (0 <= x <= 1 -> e = relu (3 / 4 - x) -> 1 / 2 <= e -> x <= 1 / 4)%R.
Proof.
  intros Hx He Hclear.
  assert (H := check_sound _ _ accepted (fun v => match v with 0%N => x | _ => e end) (fun _ => False)).
  cut (0 <= value (fun v => match v with 0%N => x | _ => e end) (goal (clear_pixel 1)))%R.
  { unfold value, terms_value, real, BinaryIntegers.to_Z. simpl. lra. }
  apply H; try easy.
  - intros n [<-|[]]. unfold node_holds, value, terms_value, real, BinaryIntegers.to_Z. simpl.
    rewrite He. rewrite <- (relu_scale 4) by lra. f_equal. lra.
  - unfold value, terms_value, real, BinaryIntegers.to_Z.
    intros f [[<-|[<-|[]]]|[<-|[]]]; simpl; lra.
Qed.

(** * FORMAT.md's certificate, as a theorem *)

(** The network is the global maximum m of the pixels with the logits m and 1/2; the range is all sizes. *)
Definition lamp_statement (margin : ratio) (taps : list (list (N * Z))) : statement :=
  Statement 1 1 None None margin 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] PoolMax
    [SDense 1 taps [0; 1] 2].

Definition lamp_facts : list fact :=
  [Upper 0 (Ratio 1 4) [0%nat] [([(0%nat, 0%nat, 0, 0)], Some clear_pixel_proof)];
   Lower 0 0 0 (Ratio 3 4) [(0%nat, 0%nat, None)]].

Definition choose (clauses : list N) (rest : proof) : proof := map (fun c => Close (Choose c)) clauses ++ rest.

Definition on_side : option (ratio * proof) := Some (Ratio 3 4, choose [0; 1; 2]%N [Close (Qed [(0%N, 1)])]).
Definition off_side : option (ratio * proof) := Some (Ratio 1 4, choose [0; 2]%N [Close (Qed [(0%N, 1)])]).
Definition half : option (ratio * proof) := Some (Ratio 1 2, [Close (Qed [])]).

Definition lamp_certificate : certificate := Certificate lamp_facts [on_side; half] [off_side; half] [].

Definition lamp_taps : list (list (N * Z)) := [[(0%N, 2)]; []].

Example lamp_accepted : check_instance (lamp_statement (Ratio 1 4) lamp_taps) lamp_certificate = true.
Proof. vm_compute. reflexivity. Qed.

(** On every admissible image of every size the right logit leads by 1/4. *)
Theorem lamp_zero_error :
  zero_error (task_of (lamp_statement (Ratio 1 4) lamp_taps)) (network_of (lamp_statement (Ratio 1 4) lamp_taps))
             (fun H W => (1 <= H)%Z /\ (1 <= W)%Z) (1 / 4).
Proof.
  intros x y Hx Hy [HH HW]. apply (check_instance_sound _ _ lamp_accepted x y Hx Hy).
  unfold in_sizes. simpl. repeat split; try assumption; discriminate.
Qed.

(** Statements that are false, or whose proofs lack something, are refused: a margin that is a little too large, a
    network that is blind, a fact without its proof, a pair of classes that nothing separates. *)
Example refused_margin : check_instance (lamp_statement (Ratio 1 3) lamp_taps) lamp_certificate = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_network : check_instance (lamp_statement (Ratio 1 4) [[]; []]) lamp_certificate = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_fact :
  check_instance (lamp_statement (Ratio 1 4) lamp_taps)
    (Certificate [Upper 0 (Ratio 1 4) [0%nat] []; Lower 0 0 0 (Ratio 3 4) []]
                 [on_side; half] [off_side; half] []) = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_pair :
  check_instance (lamp_statement (Ratio 1 4) lamp_taps)
    (Certificate lamp_facts [on_side; None] [off_side; half] []) = false.
Proof. vm_compute. reflexivity. Qed.

(** * What is refused for its form *)

(** Without a bound of its right side the pair (0, 1) is left over: variable 0 is m; clauses: 0 (a), 1 (-a, c), 2 (c),
    3 (-c, e), 4 (z, c). The goal is m - 1/2 >= 1/4. *)
Definition pair_proof : nat * nat * proof := (0%nat, 1%nat, choose [2; 3]%N [Close (Qed [(0%N, 1)])]).

(** A proof for each pair that is left over, and no other. *)
Example pairs_left_over :
  map (fun rp => check_instance (lamp_statement (Ratio 1 4) lamp_taps)
                   (Certificate lamp_facts [fst rp; half] [off_side; half] (snd rp)))
      [(None, [pair_proof]); (None, []); (None, [pair_proof; pair_proof]); (on_side, []); (on_side, [pair_proof])]
  = [true; false; false; true; false].
Proof. vm_compute. reflexivity. Qed.

(** Two floors of a channel; channels that the stem does not have; features that are not ascending, or are none. *)
Example refused_facts :
  map (fun more => formed (lamp_statement (Ratio 1 4) lamp_taps)
                     (Certificate (lamp_facts ++ more) [on_side; half] [off_side; half] []))
      [[]; [Floor 0 (Ratio (-1) 1) [None]]; [Floor 0 (Ratio (-1) 1) [None]; Floor 0 (Ratio (-2) 1) [None]];
       [Upper 1 (Ratio 2 1) [0%nat] [([], None)]]; [Upper 0 (Ratio 2 1) [0%nat] [([], None)]];
       [Upper 0 (Ratio 2 1) [0%nat; 0%nat] [([], None)]]; [Upper 0 (Ratio 2 1) [1%nat] [([], None)]]]
  = [true; true; false; false; true; false; false].
Proof. vm_compute. reflexivity. Qed.

(** Sizes that are none, intervals that are empty or leave the pixel range, a template without them, layers that do not
    fit onto each other. *)
Definition formed_lamp (most : option Z) (intervals : list (Z * Z)) (inputs : N) : statement :=
  Statement 2 1 most None (Ratio 1 4) 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [intervals]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [] PoolMax
    [SDense inputs lamp_taps [0; 1] 2].

Example refused_statements :
  map (fun s => let '(most, intervals, inputs) := s in
         statement_formed (formed_lamp most intervals inputs))
      [(None, [(3, 4)], 1%N); (Some 2, [(3, 4)], 1%N); (Some 1, [(3, 4)], 1%N); (None, [(4, 3)], 1%N);
       (None, [(3, 5)], 1%N); (None, [], 1%N); (None, [(3, 4)], 2%N)]
  = [true; true; false; false; false; false; false].
Proof. reflexivity. Qed.

(** * Global sums and means *)

(** The same task. The stem computes max(0, x - 1/8), at most 1/8 at every pixel of an image that is off; the logits are
    the pooled channel and [threshold]. All is over [unit]. *)
Definition dimmed (kind : pool_kind) (most : option Z) (margin : ratio) (threshold unit : Z) : statement :=
  Statement 1 1 most most margin 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [SConv 1 single single [[(0%N, 0, 0, 8)]] [-1] 8; SRelu]
    kind
    [SDense 1 [[(0%N, unit)]; []] [0; threshold] unit].

(** Variables: 0 is the pixel x, 1 is y = max(0, x - 1/8), 2 is e = max(0, 3/4 - x). Row 6 is 2e - 1. Where e is
    positive row 8 is 3 - 4x - 4e, and row 10 is 8x - 1 - 8y or -y; else row 8 is -e. *)
Definition dim_pixel_proof : proof :=
  [Close (Split 2); Close (Split 1); Close (Qed [(6%N, 4); (8%N, 2); (10%N, 1)]); Close (Qed [(10%N, 8)]);
   Close (Qed [(6%N, 1); (8%N, 2)])].

Definition dim_floor : list fact := [Floor 0 (Ratio 0 1) [None]].

Definition dim_facts : list fact :=
  [Upper 0 (Ratio 1 8) [0%nat] [([(0%nat, 0%nat, 0, 0)], Some dim_pixel_proof)];
   Lower 0 0 0 (Ratio 5 8) [(0%nat, 0%nat, None)]].

(** The pooled channel is at least [on] if the image is on, at most [off] if it is off. Where the facts that avoid
    nothing give [rows] rows, that is the number of the row that is switched on. *)
Definition dim_certificate (facts : list fact) (rows : N) (on off threshold : ratio) : certificate :=
  Certificate facts
    [Some (on, choose [0; 1; 2]%N [Close (Qed [(rows, 1)])]); Some (threshold, [Close (Qed [])])]
    [Some (off, choose [0; 2]%N [Close (Qed [(rows, 1)])]); Some (threshold, [Close (Qed [])])] [].

(** Up to 2 x 2: one bright pixel adds at least 5/8, and four dark ones at most 1/2. *)
Definition sum_statement (most : option Z) : statement := dimmed PoolSum most (Ratio 1 16) 9 16.
Definition sum_certificate (off : ratio) : certificate :=
  dim_certificate (dim_floor ++ dim_facts) 1 (Ratio 5 8) off (Ratio 9 16).

Example sum_accepted : check_instance (sum_statement (Some 2)) (sum_certificate (Ratio 1 2)) = true.
Proof. vm_compute. reflexivity. Qed.

Theorem sum_zero_error :
  zero_error (task_of (sum_statement (Some 2))) (network_of (sum_statement (Some 2)))
             (fun H W => (1 <= H <= 2)%Z /\ (1 <= W <= 2)%Z) (1 / 16).
Proof.
  intros x y Hx Hy [HH HW]. apply (check_instance_sound _ _ sum_accepted x y Hx Hy).
  unfold in_sizes. simpl. repeat split; try apply HH; try apply HW; intros n [= <-]; [apply HH|apply HW].
Qed.

(** Means: one bright pixel of four, and four dark ones. *)
Definition mean_statement (most : option Z) : statement := dimmed PoolMean most (Ratio 1 64) 9 64.
Definition mean_certificate (on : ratio) : certificate :=
  dim_certificate (dim_floor ++ dim_facts) 1 on (Ratio 1 8) (Ratio 9 64).

Example mean_accepted : check_instance (mean_statement (Some 2)) (mean_certificate (Ratio 5 32)) = true.
Proof. vm_compute. reflexivity. Qed.

Theorem mean_zero_error :
  zero_error (task_of (mean_statement (Some 2))) (network_of (mean_statement (Some 2)))
             (fun H W => (1 <= H <= 2)%Z /\ (1 <= W <= 2)%Z) (1 / 64).
Proof.
  intros x y Hx Hy [HH HW]. apply (check_instance_sound _ _ mean_accepted x y Hx Hy).
  unfold in_sizes. simpl. repeat split; try apply HH; try apply HW; intros n [= <-]; [apply HH|apply HW].
Qed.

(** Without the floor one bright pixel says something of a maximum, and nothing of a sum or a mean. *)
Example refused_floor :
  map (fun kind => check_instance (dimmed kind (Some 2) (Ratio 1 64) 9 64)
                     (dim_certificate dim_facts 0 (Ratio 5 32) (Ratio 1 8) (Ratio 9 64)))
      [PoolMax; PoolSum; PoolMean] = [true; false; false].
Proof. vm_compute. reflexivity. Qed.

(** Three positions instead of four. *)
Example refused_sum_count : check_instance (sum_statement (Some 2)) (sum_certificate (Ratio 3 8)) = false.
Proof. vm_compute. reflexivity. Qed.

Example refused_mean_count : check_instance (mean_statement (Some 2)) (mean_certificate (Ratio 5 24)) = false.
Proof. vm_compute. reflexivity. Qed.

(** Larger images, and images without a limit: dark pixels add up, and a bright one is lost among them. *)
Example refused_sum_sizes :
  map (fun most => check_instance (sum_statement most) (sum_certificate (Ratio 1 2))) [Some 3; None] = [false; false].
Proof. vm_compute. reflexivity. Qed.

Example refused_mean_sizes :
  map (fun most => check_instance (mean_statement most) (mean_certificate (Ratio 5 32))) [Some 3; None]
  = [false; false].
Proof. vm_compute. reflexivity. Qed.

(** The pool is part of the statement: what proves a mean proves no sum. *)
Example refused_pool :
  map (fun kind => check_instance (dimmed kind (Some 2) (Ratio 1 64) 9 64) (mean_certificate (Ratio 5 32)))
      [PoolMean; PoolSum] = [true; false].
Proof. vm_compute. reflexivity. Qed.

(** Sums without a limit: bounds spread over the one position of the least image where that is the safe side, and give
    nothing where it is not. *)
Example spread_positions :
  map (fun st => (spread st false (Ratio 1 8), spread st true (Ratio (-1) 8),
                  spread st false (Ratio (-1) 8), spread st true (Ratio 1 8)))
      [sum_statement (Some 2); sum_statement None]
  = [(Some (Ratio 1 8), Some (Ratio (-1) 8), Some (Ratio (-4) 8), Some (Ratio 4 8));
     (Some (Ratio 1 8), Some (Ratio (-1) 8), None, None)].
Proof. reflexivity. Qed.

(** * Facts about several channels *)

(** Two channels, max(0, x - 1/8) and max(0, x - 1/4): where a pixel is bright, at least 5/8 and 1/2. *)
Definition two_channels : statement :=
  Statement 1 1 None None (Ratio 1 16) 4 1 0 4 false
    [Feature 1 1 (Ratio 1 2) [[(3, 4)]]]
    [AnyOf [Alternative [0%nat] []]; AnyOf [Alternative [] [0%nat]]]
    [SConv 1 single single [[(0%N, 0, 0, 8)]; [(0%N, 0, 0, 8)]] [-1; -2] 8; SRelu]
    PoolMax
    [SDense 2 [[(0%N, 1); (1%N, 1)]; []] [0; 1] 1].

Definition joint_accepted (weights : list (N * Z)) (low : ratio) : bool :=
  check_fact two_channels (bounded_kinds two_channels [] [1] [1]) [1] [1]
    (Joint 0 0 weights low [(0%nat, 0%nat, None)]).

(** A sum that is too large, a negative weight (a maximum may be reached elsewhere), a channel twice, one channel. *)
Example joint_facts :
  map (fun wl => joint_accepted (fst wl) (snd wl))
      [([(0%N, 1); (1%N, 1)], Ratio 9 8); ([(0%N, 1); (1%N, 1)], Ratio 10 8);
       ([(0%N, 1); (1%N, 2)], Ratio (-1) 1); ([(0%N, 1); (1%N, -2)], Ratio (-2) 1);
       ([(0%N, 1); (0%N, 1)], Ratio (-1) 1); ([(0%N, 1)], Ratio (-1) 1)]
  = [true; false; true; false; false; false].
Proof. vm_compute. reflexivity. Qed.
