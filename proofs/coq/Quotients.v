(** What quotients, nodes and places mean: the first half of the soundness of local sequents.

    A list of real numbers gives the variables' values in the order in which they were made. A quotient means a number
    if it has that value at every point that agrees with the list; so adding variables never changes a meaning. *)

From Coq Require Import Reals ZArith NArith List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Numbers Checker Instance Soundness.
Import ListNotations.
Open Scope R_scope.

Module Quotients (Num : SpecifiedNumbers).
  Module Export Rules := Soundness Num.

  Lemma all_spec {A} (l : list (option A)) m : all l = Some m -> l = map Some m.
  Proof.
    revert m. induction l as [|[a|] l IH]; intros m; cbn [all]; [intros [= <-]; reflexivity| |discriminate].
    destruct (all l) as [m'|]; [|discriminate]. intros [= <-]. simpl. now rewrite (IH m').
  Qed.

  Lemma bind_some {A B} (a : option A) (f : A -> option B) b :
    bind a f = Some b -> exists x, a = Some x /\ f x = Some b.
  Proof. destruct a as [x|]; simpl; [eauto|discriminate]. Qed.

  Lemma real_of_positive p : real (of_positive p) = IZR (Zpos p).
  Proof.
    induction p as [p IH|p IH|]; cbn [of_positive].
    - rewrite !real_add, real_one, IH, Pos2Z.inj_xI, plus_IZR, mult_IZR. lra.
    - rewrite real_add, IH, Pos2Z.inj_xO, mult_IZR. lra.
    - apply real_one.
  Qed.

  Lemma real_of_Z z : real (of_Z z) = IZR z.
  Proof.
    destruct z as [|p|p]; cbn [of_Z]; [apply real_zero|apply real_of_positive|].
    rewrite real_opp, real_of_positive, <- opp_IZR. reflexivity.
  Qed.

  Definition ratio_value (r : ratio) : R := real (over r) / real (under r).

  (** * Points and values *)

  Definition agrees (point : N -> R) (vals : list R) : Prop :=
    forall i v, nth_error vals i = Some v -> point (N.of_nat i) = v.

  Lemma agrees_app point a b : agrees point (a ++ b) -> agrees point a.
  Proof.
    intros H i v Hi. apply H. rewrite nth_error_app1; [assumption|]. apply nth_error_Some. congruence.
  Qed.

  Definition point_of (vals : list R) : N -> R := fun n => nth (N.to_nat n) vals 0.

  Lemma point_of_agrees vals : agrees (point_of vals) vals.
  Proof. intros i v Hi. unfold point_of. rewrite Nat2N.id. now apply nth_error_nth. Qed.

  (** The quotient is [v] wherever the variables have their values. *)
  Definition means (vals : list R) (q : quotient) (v : R) : Prop :=
    0 < real (below q) /\ forall point, agrees point vals -> value point (top q) = real (below q) * v.

  (** The nodes hold wherever the variables have their values. *)
  Definition describes (vals : list R) (s : state) : Prop :=
    N.to_nat (count s) = length vals /\
    forall point, agrees point vals -> forall n, In n (gates s) -> node_holds point n.

  Lemma means_app vals w q v : means vals q v -> means (vals ++ w) q v.
  Proof. intros [H H']. split; [assumption|]. intros point Hp. apply H'. now apply agrees_app in Hp. Qed.

  (** A new variable. *)
  Lemma means_new vals s v :
    N.to_nat (count s) = length vals -> means (vals ++ [v]) (variable_quotient (count s)) v.
  Proof.
    intros Hc. split; [simpl; rewrite real_one; lra|]. intros point Hp.
    unfold variable_quotient. cbn [top below]. rewrite value_times, real_one.
    rewrite <- (Hp (length vals) v).
    - f_equal. f_equal. lia.
    - rewrite nth_error_app2, Nat.sub_diag by lia. reflexivity.
  Qed.

  (** * Sums *)

  Lemma over_common_means vals d q v f point :
    means vals q v -> over_common d q = Some f -> agrees point vals -> value point f = real d * v.
  Proof.
    intros [Hq H] E Hp. unfold over_common in E.
    destruct (Num.eqb _ d) eqn:Ed; [|discriminate]. injection E as <-. apply eqb_real in Ed.
    rewrite real_mul in Ed. rewrite value_scale, (H point Hp), <- Ed. lra.
  Qed.

  Lemma combine_means vals parts (ws : list (R * R)) c u q :
    Forall2 (fun p w => real (fst p) = fst w /\ means vals (snd p) (snd w)) parts ws ->
    combine parts c u = Some q ->
    means vals q ((sum ws (fun w => fst w * snd w) + real c) / real u).
  Proof.
    intros Hparts E. unfold combine in E. set (d := common (map snd parts)) in E.
    apply bind_some in E. destruct E as (fs & Hfs%all_spec & E).
    destruct (positive d && positive u) eqn:Epos; [|discriminate]. injection E as <-.
    apply andb_true_iff in Epos. destruct Epos as [Hd%positive_real Hu%positive_real].
    split; cbn [top below]; rewrite real_mul; [nra|].
    intros point Hp. rewrite value_add, value_just, value_total, real_mul.
    assert (Hsum : sum fs (value point) = real d * sum ws (fun w => fst w * snd w)).
    { clearbody d. revert fs Hfs. induction Hparts as [|p w parts ws [Hw Hm] _ IH]; intros [|f fs] Hfs;
        try discriminate.
      - simpl. lra.
      - cbn [map] in Hfs. injection Hfs as Hf Hfs. cbn [sum]. rewrite (IH fs Hfs).
        destruct (over_common d (snd p)) as [g|] eqn:Eg; [|discriminate]. injection Hf as <-.
        rewrite value_scale, (over_common_means vals d (snd p) (snd w) g point Hm Eg Hp), Hw. lra. }
    rewrite Hsum. field. lra.
  Qed.

  (** * Rows that bound a quotient *)

  Lemma bounded_holds vals q upper r v point :
    means vals q v -> agrees point vals -> 0 < real (under r) ->
    (0 <= value point (bounded q upper r) <-> if upper then v <= ratio_value r else ratio_value r <= v).
  Proof.
    intros [Hq H] Hp Hr. unfold bounded.
    set (f := minus (scale (under r) (top q)) (just (Num.mul (over r) (below q)))).
    assert (E : value point f = real (under r) * real (below q) * (v - ratio_value r)).
    { unfold f, ratio_value. rewrite value_minus, value_scale, value_just, (H point Hp), real_mul. field. lra. }
    assert (Hpos : 0 < real (under r) * real (below q)) by nra.
    destruct upper.
    - destruct (value_primitive point (scale (Num.opp Num.one) f)) as (g & Hg & Eg).
      rewrite value_scale, real_opp, real_one, E in Eg. split; intros Hx; [|]; nra.
    - destruct (value_primitive point f) as (g & Hg & Eg). rewrite E in Eg. split; intros Hx; [|]; nra.
  Qed.

  (** * Nodes *)

  Lemma maximum_scale e l : 0 <= e -> maximum (map (Rmult e) l) = e * maximum l.
  Proof.
    intros He. destruct l as [|a l]; [simpl; lra|]. cbn [map maximum].
    induction l as [|b l IH]; cbn [map fold_right]; [reflexivity|].
    rewrite IH. now rewrite RmaxRmult.
  Qed.

  Lemma shared_divides fs : forall d,
    (Num.to_Z (shared d fs) | Num.to_Z d)%Z /\
    forall f, In f fs -> (Num.to_Z (shared d fs) | Num.to_Z (divisor f))%Z.
  Proof.
    unfold shared. induction fs as [|f fs IH]; intros d; cbn [fold_left].
    - split; [apply Z.divide_refl|intros _ []].
    - destruct (IH (Num.gcd d (divisor f))) as [H H']. rewrite Num.to_Z_gcd in H.
      split; [eapply Z.divide_trans; [exact H|apply Z.gcd_divide_l]|].
      intros g [<-|Hg]; [|auto]. eapply Z.divide_trans; [exact H|apply Z.gcd_divide_r].
  Qed.

  Lemma value_shorten point g f :
    (1 < Num.to_Z g)%Z -> (Num.to_Z g | Num.to_Z (divisor f))%Z -> value point f = real g * value point (shorten g f).
  Proof.
    intros Hg Hd. destruct (divisor_divides f) as [Hc Ht].
    unfold value, shorten. cbn [terms constant].
    rewrite (real_div (constant f) g) by (assumption || (eapply Z.divide_trans; eassumption)).
    rewrite Rmult_plus_distr_l. f_equal. unfold terms_value. rewrite sum_map, <- sum_scale.
    apply sum_ext. intros p Hp. cbn [fst snd].
    rewrite (real_div (snd p) g) by (assumption || (eapply Z.divide_trans; [eassumption|auto])). lra.
  Qed.

  Lemma shortened_values (good : (N -> R) -> Prop) d fs vs e gs :
    0 < real d -> Forall2 (fun f v => forall point, good point -> value point f = real d * v) fs vs ->
    shortened d fs = (e, gs) ->
    0 < real e /\ Forall2 (fun f v => forall point, good point -> value point f = real e * v) gs vs.
  Proof.
    intros Hd Hfs. unfold shortened. destruct (Num.leb (shared d fs) Num.one) eqn:E; intros [= <- <-]; [auto|].
    rewrite Num.leb_to_Z, Num.to_Z_one in E. apply Z.leb_gt in E.
    destruct (shared_divides fs d) as [Hsd Hsf]. set (g := shared d fs) in *. clearbody g.
    assert (Ed : real d = real g * real (Num.div d g)) by now apply real_div.
    assert (Hg : 0 < real g) by (unfold real; apply IZR_lt; lia).
    split; [nra|]. induction Hfs as [|f v fs vs Hf _ IH]; simpl; constructor.
    - intros point Hp. specialize (Hf point Hp).
      rewrite (value_shorten point g f E (Hsf f (or_introl eq_refl))), Ed in Hf.
      apply (Rmult_eq_reg_l (real g)); lra.
    - apply IH. intros h Hh. apply Hsf. now right.
  Qed.

  Lemma over_commons_values vals d parts vs fs :
    Forall2 (means vals) parts vs -> all (map (over_common d) parts) = Some fs ->
    Forall2 (fun f v => forall point, agrees point vals -> value point f = real d * v) fs vs.
  Proof.
    intros Hparts Hfs%all_spec. revert fs Hfs.
    induction Hparts as [|q v parts vs Hq _ IH]; intros [|f fs] Hfs; try discriminate; constructor.
    - cbn [map] in Hfs. injection Hfs as Hf _. intros point Hp. now apply (over_common_means vals d q).
    - apply IH. now injection Hfs.
  Qed.

  Lemma is_constant_value f point : is_constant f = true -> value point f = real (constant f).
  Proof. unfold is_constant. destruct (terms f) eqn:E; [|discriminate]. intros _. now apply value_no_terms. Qed.

  (** The largest constant of constants. *)
  Lemma largest_values (good : (N -> R) -> Prop) point e z v zs vs :
    good point -> 0 <= real e ->
    Forall2 (fun f v => forall point, good point -> value point f = real e * v) (z :: zs) (v :: vs) ->
    forallb is_constant (z :: zs) = true ->
    real (fold_right (fun f c => largest (constant f) c) (constant z) zs) = real e * maximum (v :: vs).
  Proof.
    intros Hp He Hfs Hc. cbn [forallb] in Hc. apply andb_true_iff in Hc. destruct Hc as [Hz Hzs].
    inversion Hfs as [|z' v' zs' vs' Hv Hvs]; subst. cbn [maximum].
    assert (Ez : real (constant z) = real e * v) by (rewrite <- (is_constant_value z point Hz); auto).
    clear Hfs Hv Hz. induction Hvs as [|f w zs vs Hf _ IH]; cbn [fold_right]; [assumption|].
    cbn [forallb] in Hzs. apply andb_true_iff in Hzs. destruct Hzs as [Hf' Hzs].
    rewrite largest_real, IH by assumption.
    rewrite <- (is_constant_value f point Hf'), (Hf point Hp). now rewrite RmaxRmult.
  Qed.

  (** What a new node, or a constant, means. *)
  Lemma maximum_of_means vals rel parts vs s q s' :
    Forall2 (means vals) parts vs -> describes vals s -> maximum_of rel parts s = Some (q, s') ->
    exists w, describes (vals ++ w) s' /\
              means (vals ++ w) q (if rel then relu (hd 0 vs) else maximum vs).
  Proof.
    intros Hparts Hs E. unfold maximum_of in E. apply bind_some in E. destruct E as (fs & Hfs & E).
    assert (Hvalues := over_commons_values vals _ parts vs fs Hparts Hfs).
    destruct (positive (common parts)) eqn:Ed; [|discriminate]. apply positive_real in Ed.
    destruct (shortened (common parts) fs) as [e gs] eqn:Es.
    destruct (shortened_values (fun point => agrees point vals) _ _ _ _ _ Ed Hvalues Es) as [He Hgs].
    destruct gs as [|z zs]; [discriminate|].
    destruct vs as [|v vs]; [inversion Hgs|]. cbn [hd].
    destruct (rel && negb _) eqn:Eone; [discriminate|].
    destruct (forallb is_constant (z :: zs)) eqn:Ec.
    - (* constants *)
      injection E as <- <-. exists []. rewrite app_nil_r. split; [assumption|].
      split; [assumption|]. intros point Hp. cbn [top below]. rewrite value_just. destruct rel.
      + rewrite largest_real, real_zero. inversion Hgs as [|? ? ? ? Hz _]; subst.
        cbn [forallb] in Ec. apply andb_true_iff in Ec. destruct Ec as [Ec _].
        rewrite <- (is_constant_value z point Ec), (Hz point Hp).
        apply (relu_scale (real e)). lra.
      + apply (largest_values (fun point => agrees point vals) point); [assumption|lra|assumption|assumption].
    - (* a node *)
      injection E as <- <-. destruct Hs as [Hc Hn].
      set (v' := if rel then relu v else maximum (v :: vs)). exists [v']. split.
      + split; cbn [count gates]; [rewrite N2Nat.inj_succ, app_length; simpl; lia|].
        intros point Hp n [<-|Hin]; [|apply agrees_app in Hp; now apply Hn].
        assert (Hv := means_new vals s v' Hc). destruct Hv as [_ Hv]. specialize (Hv point Hp).
        unfold variable_quotient in Hv. cbn [top below] in Hv. rewrite value_times, real_one in Hv.
        apply agrees_app in Hp. unfold node_holds. cbn [node_scale variable node_gate].
        replace (point (count s)) with v' by lra. unfold v'. destruct rel; cbn [node_gate].
        * inversion Hgs as [|? ? ? ? Hz _]; subst. rewrite (Hz point Hp), relu_scale by lra. reflexivity.
        * rewrite <- maximum_scale by lra. f_equal.
          clear -Hgs Hp. induction Hgs as [|f w fs ws Hf _ IH]; [reflexivity|]. cbn [map]. rewrite IH, (Hf point Hp).
          reflexivity.
      + now apply means_new.
  Qed.

  (** * Places *)

  Definition known_means (vals : list R) (m : known) (meaning : place -> R) : Prop :=
    forall p q, find_place m p = Some q -> means vals q (meaning p).

  Lemma known_means_app vals w m meaning : known_means vals m meaning -> known_means (vals ++ w) m meaning.
  Proof. intros H p q E. apply means_app. eauto. Qed.

  Lemma place_eqb_eq p q : place_eqb p q = true -> p = q.
  Proof.
    destruct p as [[k r] c], q as [[l s] d]. unfold place_eqb. rewrite !andb_true_iff, N.eqb_eq, !Z.eqb_eq.
    now intros [[-> ->] ->].
  Qed.

  Lemma find_add p q m p' f :
    find_place (add_place p q m) p' = Some f -> (p' = p /\ f = q) \/ find_place m p' = Some f.
  Proof.
    unfold find_place, add_place. destruct (Pos.eq_dec (N.succ_pos (key p')) (N.succ_pos (key p))) as [->|N].
    - rewrite PositiveMap.gss. destruct (place_eqb p p') eqn:E; [|discriminate].
      apply place_eqb_eq in E. subst p'. intros [= <-]. now left.
    - rewrite PositiveMap.gso by assumption. auto.
  Qed.

  Lemma known_means_add vals m meaning p q :
    known_means vals m meaning -> means vals q (meaning p) -> known_means vals (add_place p q m) meaning.
  Proof. intros H Hq p' f [[-> ->]|E]%find_add; auto. Qed.

  Lemma nothing_known_means vals meaning : known_means vals nothing_known meaning.
  Proof. intros p q. unfold find_place, nothing_known. rewrite PositiveMap.gempty. discriminate. Qed.

  (** What [gather] finds: the existing places, with their weights. *)
  Lemma gather_means vals w m meaning l parts :
    known_means vals m meaning -> gather w m l = Some parts ->
    (forall o, In o l -> in_field w (snd o) = true) /\
    Forall2 (fun p (o : number * place) => real (fst p) = real (fst o) /\ means vals (snd p) (meaning (snd o))) parts
            (filter (fun o => exists_in w (snd o)) l).
  Proof.
    intros Hm. revert parts. induction l as [|[a p] l IH]; intros parts; cbn [gather filter snd].
    - intros [= <-]. split; [intros _ []|constructor].
    - destruct (in_field w p) eqn:Ef; [|discriminate]. destruct (exists_in w p).
      + intros E. apply bind_some in E. destruct E as (q & Hq & E).
        destruct (gather w m l) as [rest|]; [|discriminate]. injection E as <-.
        destruct (IH rest eq_refl) as [H H']. split; [intros o [<-|Ho]; auto|].
        constructor; [|assumption]. cbn [fst snd]. auto.
      + intros E. destruct (IH parts E) as [H H']. split; [intros o [<-|Ho]; auto|assumption].
  Qed.

  (** Computing place after place. *)
  Lemma places_mean compute meaning l : forall vals m s m' s',
    (forall vals' p s q s', (exists w, vals' = vals ++ w) -> describes vals' s -> compute p s = Some (q, s') ->
       exists w, describes (vals' ++ w) s' /\ means (vals' ++ w) q (meaning p)) ->
    describes vals s -> known_means vals m meaning -> places compute l m s = Some (m', s') ->
    exists w, describes (vals ++ w) s' /\ known_means (vals ++ w) m' meaning.
  Proof.
    induction l as [|p l IH]; intros vals m s m' s' Hcompute Hs Hm; cbn [places].
    - intros [= <- <-]. exists []. rewrite app_nil_r. auto.
    - intros E. apply bind_some in E. destruct E as ([q t] & Hq & E). cbn [fst snd] in E.
      destruct (Hcompute vals p s q t (ex_intro _ [] (eq_sym (app_nil_r _))) Hs Hq) as (w & Hw & Hqw).
      destruct (IH (vals ++ w) (add_place p q m) t m' s') as (w' & Hw' & Hm'); [|assumption| |assumption|].
      + intros vals' p' s1 q' s2 (w2 & ->). apply Hcompute. exists (w ++ w2). now rewrite app_assoc.
      + apply known_means_add; [now apply known_means_app|assumption].
      + exists (w ++ w'). rewrite app_assoc. auto.
  Qed.
End Quotients.
