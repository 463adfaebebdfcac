(** The checker is sound: what it accepts is true over the real numbers (THEOREM.md, section 6).

    [check_sound] is the theorem; before it there is one lemma a rule. Fix a point, that is, a value for every variable,
    at which the circuit's nodes have their meaning, and a choice of true literals.
    Every row of a branch is >= 0 there. *)

From Coq Require Import Reals ZArith NArith Znumtheory List Lra Lia Bool FMapPositive.
From ExactCNN Require Import Sums Numbers Checker Instance Evaluation Rounding.
Import ListNotations.
Open Scope R_scope.

Module Soundness (Num : SpecifiedNumbers).
  Module Export Kernel := Rounding Num.

  (** * Numbers as real numbers *)

  Definition real (a : number) : R := IZR (Num.to_Z a).

  Lemma real_zero : real Num.zero = 0.
  Proof. unfold real. now rewrite Num.to_Z_zero. Qed.
  Lemma real_one : real Num.one = 1.
  Proof. unfold real. now rewrite Num.to_Z_one. Qed.
  Lemma real_add a b : real (Num.add a b) = real a + real b.
  Proof. unfold real. now rewrite Num.to_Z_add, plus_IZR. Qed.
  Lemma real_mul a b : real (Num.mul a b) = real a * real b.
  Proof. unfold real. now rewrite Num.to_Z_mul, mult_IZR. Qed.
  Lemma real_opp a : real (Num.opp a) = - real a.
  Proof. unfold real. now rewrite Num.to_Z_opp, opp_IZR. Qed.

  Lemma eqb_real a b : Num.eqb a b = true -> real a = real b.
  Proof. rewrite Num.eqb_to_Z. intros H%Z.eqb_eq. unfold real. now rewrite H. Qed.

  Lemma leb_real a b : Num.leb a b = true -> real a <= real b.
  Proof. rewrite Num.leb_to_Z. intros H%Z.leb_le. now apply IZR_le. Qed.

  Lemma leb_false_real a b : Num.leb a b = false -> real b < real a.
  Proof. rewrite Num.leb_to_Z. intros H%Z.leb_gt. now apply IZR_lt. Qed.

  Lemma positive_real a : positive a = true -> 0 < real a.
  Proof. unfold positive. intros H%negb_true_iff%leb_false_real. now rewrite real_zero in H. Qed.

  Lemma negative_real a : negative a = true -> real a < 0.
  Proof. unfold negative. intros H%negb_true_iff%leb_false_real. now rewrite real_zero in H. Qed.

  Lemma largest_real a b : real (largest a b) = Rmax (real a) (real b).
  Proof.
    unfold largest. destruct (Num.leb a b) eqn:E.
    - apply leb_real in E. now rewrite Rmax_right.
    - apply leb_false_real in E. rewrite Rmax_left; lra.
  Qed.

  Section AtOnePoint.
    Variable point : N -> R.

    (** * The value of a form *)

    Definition terms_value (l : list term) : R := sum l (fun p => real (snd p) * point (fst p)).

    Definition value (f : form) : R := terms_value (terms f) + real (constant f).

    Lemma value_nothing : value nothing = 0.
    Proof. unfold value. simpl. rewrite real_zero. unfold terms_value. simpl. lra. Qed.

    Lemma value_just c : value (just c) = real c.
    Proof. unfold value, terms_value. simpl. lra. Qed.

    Lemma value_times a v : value (times a v) = real a * point v.
    Proof. unfold value, terms_value. simpl. rewrite real_zero. lra. Qed.

    Lemma terms_value_add a : forall b, terms_value (add_terms a b) = terms_value a + terms_value b.
    Proof.
      unfold terms_value. induction a as [|[v p] a IHa]; intros b; [simpl; lra|].
      induction b as [|[w q] b IHb]; [simpl; lra|].
      cbn [add_terms]. destruct (N.compare_spec v w) as [<-|Hlt|Hgt].
      - destruct (Num.eqb (Num.add p q) Num.zero) eqn:E.
        + apply eqb_real in E. rewrite real_add, real_zero in E. rewrite IHa. simpl.
          replace (real q) with (- real p) by lra. lra.
        + simpl. rewrite IHa, real_add. lra.
      - cbn [sum]. rewrite IHa. simpl. lra.
      - cbn [sum fst snd]. cbn [add_terms sum fst snd] in IHb. rewrite IHb. lra.
    Qed.

    Lemma value_add f g : value (add f g) = value f + value g.
    Proof. unfold value, add. cbn [terms constant]. rewrite terms_value_add, real_add. lra. Qed.

    Lemma terms_value_map a l :
      terms_value (map (fun p => (fst p, Num.mul a (snd p))) l) = real a * terms_value l.
    Proof.
      unfold terms_value. rewrite sum_map, <- sum_scale. apply sum_ext. intros p _. cbn [fst snd].
      rewrite real_mul. lra.
    Qed.

    Lemma value_scale a f : value (scale a f) = real a * value f.
    Proof.
      unfold scale. destruct (Num.eqb a Num.zero) eqn:E.
      - apply eqb_real in E. rewrite E, real_zero, value_nothing. lra.
      - unfold value. cbn [terms constant]. rewrite terms_value_map, real_mul. lra.
    Qed.

    Lemma value_minus f g : value (minus f g) = value f - value g.
    Proof. unfold minus. rewrite value_add, value_scale, real_opp, real_one. lra. Qed.

    Lemma sum_pairwise n : forall l, (length l <= n)%nat -> sum (pairwise l) value = sum l value.
    Proof.
      induction n as [|n IH]; intros l Hl; [destruct l; [reflexivity|simpl in Hl; lia]|].
      destruct l as [|a [|b l]]; [reflexivity|reflexivity|].
      cbn [pairwise sum]. rewrite IH, value_add by (simpl in Hl; lia). lra.
    Qed.

    Lemma value_fold l : value (fold_right add nothing l) = sum l value.
    Proof. induction l as [|f l IH]; simpl; [apply value_nothing|]. now rewrite value_add, IH. Qed.

    Lemma value_halving rounds : forall l, value (halving rounds l) = sum l value.
    Proof.
      induction rounds as [|a rounds IH]; intros l.
      - destruct l as [|f [|g l]]; [apply value_nothing|simpl; lra|]. apply (value_fold (f :: g :: l)).
      - destruct l as [|f [|g l]]; [apply value_nothing|simpl; lra|].
        cbn [halving]. rewrite IH. now apply (sum_pairwise (length (f :: g :: l))).
    Qed.

    Lemma value_total l : value (total l) = sum l value.
    Proof. apply value_halving. Qed.

    (** * Dividing by the common divisor *)

    Lemma fold_divisor l : forall g,
      let d := fold_left (fun g p => if Num.eqb g Num.one then g else Num.gcd g (snd p)) l g in
      (Num.to_Z d | Num.to_Z g)%Z /\ forall p : term, In p l -> (Num.to_Z d | Num.to_Z (snd p))%Z.
    Proof.
      induction l as [|p l IH]; intros g; cbn [fold_left].
      - split; [apply Z.divide_refl|intros _ []].
      - destruct (IH (if Num.eqb g Num.one then g else Num.gcd g (snd p))) as [H H']. cbv zeta in H, H' |- *.
        set (d := fold_left _ _ _) in *.
        destruct (Num.eqb g Num.one) eqn:E.
        + split; [exact H|]. intros q [<-|Hq]; [|auto].
          rewrite Num.eqb_to_Z, Num.to_Z_one in E. apply Z.eqb_eq in E. rewrite E in H.
          eapply Z.divide_trans; [exact H|apply Z.divide_1_l].
        + rewrite Num.to_Z_gcd in H. split.
          * eapply Z.divide_trans; [exact H|apply Z.gcd_divide_l].
          * intros q [<-|Hq]; [|auto]. eapply Z.divide_trans; [exact H|apply Z.gcd_divide_r].
    Qed.

    Lemma divisor_divides f :
      (Num.to_Z (divisor f) | Num.to_Z (constant f))%Z /\
      forall p, In p (terms f) -> (Num.to_Z (divisor f) | Num.to_Z (snd p))%Z.
    Proof.
      destruct (fold_divisor (terms f) (Num.gcd (constant f) Num.zero)) as [H H']. cbv zeta in H, H'.
      split; [|exact H'].
      eapply Z.divide_trans; [exact H|]. rewrite Num.to_Z_gcd. apply Z.gcd_divide_l.
    Qed.

    Lemma real_div a g : (1 < Num.to_Z g)%Z -> (Num.to_Z g | Num.to_Z a)%Z -> real a = real g * real (Num.div a g).
    Proof.
      intros Hg Hd. unfold real. rewrite <- mult_IZR, Num.to_Z_div. f_equal.
      apply Znumtheory.Zdivide_Zdiv_eq; [lia|assumption].
    Qed.

    (** A form and its primitive form have the same sign. *)
    Lemma value_primitive f : exists g, 0 < g /\ value f = g * value (primitive f).
    Proof.
      unfold primitive. destruct (Num.leb (divisor f) Num.one) eqn:E; [exists 1; split; lra|].
      rewrite Num.leb_to_Z, Num.to_Z_one in E. apply Z.leb_gt in E.
      destruct (divisor_divides f) as [Hc Ht].
      exists (real (divisor f)). split; [unfold real; apply IZR_lt; lia|].
      unfold value. cbn [terms constant]. rewrite (real_div (constant f) (divisor f)) by assumption.
      rewrite Rmult_plus_distr_l. f_equal. unfold terms_value. rewrite sum_map, <- sum_scale.
      apply sum_ext. intros p Hp. cbn [fst snd]. rewrite (real_div (snd p) (divisor f)) by auto. lra.
    Qed.

    Lemma primitive_nonneg f : 0 <= value f -> 0 <= value (primitive f).
    Proof. destruct (value_primitive f) as (g & Hg & E). intros H. rewrite E in H. nra. Qed.

    (** * Comparing forms *)

    Lemma same_terms_value a : forall b, same_terms a b = true -> terms_value a = terms_value b.
    Proof.
      unfold terms_value.
      induction a as [|[v p] a IH]; intros [|[w q] b]; simpl; try discriminate; [reflexivity|].
      intros [[Hv%N.eqb_eq Hp%eqb_real]%andb_true_iff H]%andb_true_iff.
      rewrite Hv, Hp. f_equal. auto.
    Qed.

    Lemma value_no_terms f : terms f = [] -> value f = real (constant f).
    Proof. unfold value. intros ->. unfold terms_value. simpl. lra. Qed.

    (** Where a multiple of one form's terms is a multiple of another's. *)
    Lemma proportional a f b g :
      same_terms (terms (scale a f)) (terms (scale b g)) = true ->
      real a * (value f - real (constant f)) = real b * (value g - real (constant g)).
    Proof.
      intros H%same_terms_value.
      assert (Hs : forall c h, terms_value (terms (scale c h)) = real c * (value h - real (constant h))).
      { intros c h. unfold scale. destruct (Num.eqb c Num.zero) eqn:E.
        - apply eqb_real in E. rewrite E, real_zero. unfold terms_value. simpl. lra.
        - cbn [terms]. rewrite terms_value_map. unfold value. lra. }
      now rewrite !Hs in H.
    Qed.

    (** * Nodes *)

    (** What a node means: its scale times its variable is its gate. *)
    Definition node_holds (n : node) : Prop :=
      real (node_scale n) * point (variable n)
      = match node_gate n with
        | ReluOf z => relu (value z)
        | MaxOf z zs => maximum (map value (z :: zs))
        end.

    Lemma value_scaled n : value (scaled n) = real (node_scale n) * point (variable n).
    Proof. apply value_times. Qed.

    Section Circuit.
      Variable circuit : list node.
      Hypothesis meaning : forall n, In n circuit -> node_holds n.
      Hypothesis scales : forall n, In n circuit -> 0 < real (node_scale n).

      Lemma node_rows_hold n f : In n circuit -> In f (node_rows n) -> 0 <= value f.
      Proof.
        intros Hn Hf. assert (Hm := meaning n Hn). assert (Hs := scales n Hn). unfold node_holds in Hm.
        assert (Habove : forall z, In z (arguments (node_gate n)) -> value z <= value (scaled n)).
        { intros z Hz. rewrite value_scaled, Hm. destruct (node_gate n) as [z'|z' zs]; simpl in Hz.
          - destruct Hz as [<-|[]]. apply relu_ge.
          - apply maximum_ge, in_map. exact Hz. }
        assert (Hmap : In f (map (fun z => primitive (minus (scaled n) z)) (arguments (node_gate n))) -> 0 <= value f).
        { intros H. apply in_map_iff in H. destruct H as (z & <- & Hz).
          apply primitive_nonneg. rewrite value_minus. specialize (Habove z Hz). lra. }
        unfold node_rows in Hf. destruct (node_gate n) as [z'|z' zs]; [|exact (Hmap Hf)].
        destruct Hf as [<-|Hf]; [|exact (Hmap Hf)].
        rewrite value_times, real_one. assert (H := relu_nonneg (value z')). rewrite <- Hm in H. nra.
      Qed.

      Definition table_of := node_table circuit.

      Lemma find_node_in v n : find_node table_of v = Some n -> In n circuit.
      Proof.
        unfold find_node, table_of. clear meaning scales. induction circuit as [|m l IH]; simpl.
        - now rewrite PositiveMap.gempty.
        - destruct (Pos.eq_dec (N.succ_pos v) (N.succ_pos (variable m))) as [->|N].
          + rewrite PositiveMap.gss. intros [= ->]. now left.
          + rewrite PositiveMap.gso by assumption. auto.
      Qed.

      Lemma find_relu_holds v n z :
        find_relu table_of v = Some (n, z) ->
        In n circuit /\ node_gate n = ReluOf z /\ value (scaled n) = relu (value z).
      Proof.
        unfold find_relu. destruct (find_node table_of v) as [m|] eqn:E; [|discriminate].
        apply find_node_in in E. destruct (node_gate m) as [z'|] eqn:G; [|discriminate].
        intros [= <- <-]. split; [assumption|]. split; [assumption|].
        rewrite value_scaled. specialize (meaning m E). unfold node_holds in meaning. now rewrite G in meaning.
      Qed.

      (** * The rules that add a row *)

      Definition rows_hold (rows : table) : Prop := forall r f, row rows r = Some f -> 0 <= value f.

      Lemma push_holds rows f : rows_hold rows -> 0 <= value f -> rows_hold (push rows f).
      Proof.
        intros H Hf r g. unfold row, push. cbn [entries].
        destruct (Pos.eq_dec (N.succ_pos r) (N.succ_pos (next rows))) as [->|N].
        - rewrite PositiveMap.gss. now intros [= <-].
        - rewrite PositiveMap.gso by assumption. apply H.
      Qed.

      Lemma push_all_holds fs : forall rows,
        rows_hold rows -> (forall f, In f fs -> 0 <= value f) -> rows_hold (push_all rows fs).
      Proof.
        unfold push_all. induction fs as [|f fs IH]; intros rows H Hf; simpl; [assumption|].
        apply IH; [apply push_holds|]; auto with datatypes.
      Qed.

      Lemma empty_table_holds : rows_hold empty_table.
      Proof. intros r f. unfold row. simpl. now rewrite PositiveMap.gempty. Qed.

      Section Rows.
        Variable rows : table.
        Hypothesis rows_ok : rows_hold rows.

        Lemma multiples_hold l : forall least fs,
          multiples rows least l = Some fs -> forall f, In f fs -> 0 <= value f.
        Proof.
          induction l as [|[r a] l IH]; intros least fs; simpl.
          - intros [= <-] f [].
          - destruct ((least <=? r)%N && positive a) eqn:C; [|discriminate].
            apply andb_true_iff in C. destruct C as [_ Ha%positive_real].
            destruct (row rows r) as [g|] eqn:Er; [|discriminate].
            destruct (multiples rows (N.succ r) l) as [gs|] eqn:El; [|discriminate].
            intros [= <-] f [<-|Hf]; [|eauto].
            rewrite value_scale. specialize (rows_ok r g Er). nra.
        Qed.

        (** lin: a sum of positive multiples of what is >= 0. *)
        Lemma combined_holds l f : combined rows l = Some f -> 0 <= value f.
        Proof.
          unfold combined. destruct (multiples rows 0 l) as [fs|] eqn:E; [|discriminate].
          intros [= <-]. rewrite value_total. apply sum_nonneg. eauto using multiples_hold.
        Qed.

        Lemma premise_holds p f : premise_form rows p = Some f -> 0 <= value f.
        Proof.
          destruct p as [[r a]|]; simpl.
          - destruct (positive a) eqn:Ha; [|discriminate]. apply positive_real in Ha.
            destruct (row rows r) as [g|] eqn:E; [|discriminate]. intros [= <-].
            rewrite value_scale. specialize (rows_ok r g E). nra.
          - intros [= <-]. rewrite value_nothing. lra.
        Qed.

        (** max(0, .) is subadditive and positively homogeneous. *)
        Lemma relu_subadditive a b : relu (a + b) <= relu a + relu b.
        Proof.
          destruct (relu_cases a) as [[? ->]|[? ->]]; destruct (relu_cases b) as [[? ->]|[? ->]];
            destruct (relu_cases (a + b)) as [[? ->]|[? ->]]; lra.
        Qed.

        Lemma relu_scale c a : 0 <= c -> relu (c * a) = c * relu a.
        Proof.
          intros Hc. destruct (relu_cases a) as [[H ->]|[H ->]].
          - apply relu_pos. nra.
          - rewrite Rmult_0_r. apply relu_neg. nra.
        Qed.

        Lemma relu_monotone a b : a <= b -> relu a <= relu b.
        Proof.
          intros H. destruct (relu_cases a) as [[? ->]|[? ->]]; [|apply relu_nonneg].
          rewrite relu_pos; lra.
        Qed.

        Lemma relu_sums_hold l : forall least zs ys,
          relu_sums table_of least l = Some (zs, ys) -> relu (sum zs value) <= sum ys value.
        Proof.
          induction l as [|[u b] l IH]; intros least zs ys; simpl.
          - intros [= <- <-]. simpl. rewrite relu_pos; lra.
          - destruct ((least <=? u)%N && positive b) eqn:C; [|discriminate].
            apply andb_true_iff in C. destruct C as [_ Hb%positive_real].
            destruct (find_relu table_of u) as [[n z]|] eqn:En; [|discriminate].
            destruct (relu_sums table_of (N.succ u) l) as [[zs' ys']|] eqn:El; [|discriminate].
            intros [= <- <-]. destruct (find_relu_holds u n z En) as (_ & _ & Hn).
            cbn [sum]. rewrite !value_scale, Hn, <- relu_scale by lra.
            eapply Rle_trans; [apply relu_subadditive|]. specialize (IH _ _ _ El). lra.
        Qed.

        (** sub (THEOREM.md, section 4). *)
        Lemma sub_holds p v q others f : by_sub table_of rows p v q others = Some f -> 0 <= value f.
        Proof.
          unfold by_sub. destruct (premise_form rows p) as [premise|] eqn:Ep; [|discriminate].
          destruct (find_relu table_of v) as [[n z]|] eqn:En; [|discriminate].
          destruct (relu_sums table_of 0 others) as [[zs ys]|] eqn:Es; [|discriminate].
          destruct (positive q) eqn:Eq; [|discriminate]. apply positive_real in Eq.
          set (rest := minus premise (minus (total zs) (scale q z))).
          assert (Er : value rest = value premise - (sum zs value - real q * value z))
            by (unfold rest; now rewrite !value_minus, value_total, value_scale).
          clearbody rest. destruct (terms rest) eqn:Et; [|discriminate]. intros [= <-].
          apply value_no_terms in Et. apply premise_holds in Ep. apply relu_sums_hold in Es.
          destruct (find_relu_holds v n z En) as (_ & _ & Hn).
          rewrite value_add, value_minus, value_total, value_scale, value_just, largest_real, real_zero, Hn.
          set (c := real (constant rest)) in *. change (Rmax 0 c) with (relu c).
          assert (H : relu (real q * value z) <= relu (sum zs value) + relu c).
          { eapply Rle_trans; [|apply relu_subadditive]. apply relu_monotone. lra. }
          rewrite relu_scale in H by lra. lra.
        Qed.

        Lemma bound_of_holds z f upper b d :
          bound_of z f upper = Some (b, d) -> 0 <= value f ->
          0 < real d /\ if upper then real d * value z <= real b else real b <= real d * value z.
        Proof.
          unfold bound_of. destruct (terms z) as [|[v a] tz]; [discriminate|].
          destruct (terms f) as [|[w c] tf]; [discriminate|].
          set (a' := absolute a). set (c' := absolute c).
          match goal with |- (if ?b then _ else _) = _ -> _ => destruct b eqn:C; [|discriminate] end.
          intros [= <- <-] Hf. apply andb_true_iff in C. destruct C as [C Hsame].
          apply andb_true_iff in C. destruct C as [Hc%positive_real Ha%positive_real].
          apply proportional in Hsame. split; [assumption|].
          destruct upper; rewrite real_add, !real_opp, !real_mul.
          - rewrite real_opp in Hsame. nra.
          - nra.
        Qed.

        (** chord: max(0, .) lies below its chord over [l, u]. *)
        Lemma chord_holds v p q f : by_chord table_of rows v p q = Some f -> 0 <= value f.
        Proof.
          unfold by_chord. destruct (find_relu table_of v) as [[n z]|] eqn:En; [|discriminate].
          destruct (row rows p) as [fl|] eqn:Ep; [|discriminate].
          destruct (row rows q) as [fu|] eqn:Eq; [|discriminate].
          destruct (bound_of z fl false) as [[l d]|] eqn:El; [|discriminate].
          destruct (bound_of z fu true) as [[u e]|] eqn:Eu; [|discriminate].
          destruct (negative l && positive u) eqn:C; [|discriminate]. intros [= <-].
          apply andb_true_iff in C. destruct C as [Hl%negative_real Hu%positive_real].
          apply bound_of_holds in El; [|eauto]. apply bound_of_holds in Eu; [|eauto].
          destruct (find_relu_holds v n z En) as (_ & _ & Hn).
          rewrite value_add, value_minus, !value_scale, value_just, Hn.
          rewrite !real_opp, !real_add, !real_opp, !real_mul.
          destruct (relu_cases (value z)) as [[Hz ->]|[Hz ->]]; nra.
        Qed.

        Lemma upper_forms_hold q : forall zs ps fs,
          upper_forms rows q zs ps = Some fs ->
          length fs = length zs /\ forall z, In z zs -> exists f, In f fs /\ real q * value z <= value f.
        Proof.
          induction zs as [|z zs IH]; intros [|p ps] fs; simpl; try discriminate.
          - intros [= <-]. split; [reflexivity|intros _ []].
          - destruct (premise_form rows p) as [f|] eqn:Ep; [|discriminate].
            destruct (upper_forms rows q zs ps) as [fs'|] eqn:Ef; [|discriminate].
            intros [= <-]. destruct (IH _ _ Ef) as [Hlen H]. split; [simpl; lia|].
            intros z' [<-|Hz'].
            + exists (add f (scale q z)). split; [now left|].
              rewrite value_add, value_scale. apply premise_holds in Ep. lra.
            + destruct (H z' Hz') as (g & Hg & Hle). exists g. split; [now right|assumption].
        Qed.

        Lemma largest_constant (g : form) fs c :
          In g fs -> real (constant g) <= real (fold_right (fun g c => largest (constant g) c) c fs).
        Proof.
          induction fs as [|h fs IH]; simpl; [tauto|]. rewrite largest_real.
          intros [->|H]; [apply Rmax_l|]. eapply Rle_trans; [now apply IH|apply Rmax_r].
        Qed.

        Lemma least_constant fs c : real c <= real (fold_right (fun (g : form) c => largest (constant g) c) c fs).
        Proof.
          induction fs as [|h fs IH]; simpl; [lra|]. rewrite largest_real.
          eapply Rle_trans; [exact IH|apply Rmax_r].
        Qed.

        (** max-le: what is above all arguments is above their maximum. *)
        Lemma maxle_holds v q ps f : by_maxle table_of rows v q ps = Some f -> 0 <= value f.
        Proof.
          unfold by_maxle. destruct (find_node table_of v) as [n|] eqn:En; [|discriminate]. apply find_node_in in En.
          destruct (node_gate n) as [|z zs] eqn:G; [discriminate|].
          destruct (upper_forms rows q (z :: zs) ps) as [[|g gs]|] eqn:E; try discriminate.
          match goal with |- (if ?b then _ else _) = _ -> _ => destruct b eqn:C; [|discriminate] end.
          intros [= <-]. apply andb_true_iff in C. destruct C as [Hq%positive_real Hsame].
          rewrite forallb_forall in Hsame.
          destruct (upper_forms_hold q _ _ _ E) as [_ Habove].
          assert (Hm := meaning n En). unfold node_holds in Hm. rewrite G in Hm.
          rewrite value_minus, value_scale, value_scaled, Hm.
          set (c := fold_right _ _ _). set (top := Form (terms g) c).
          assert (Htop : forall h, In h (g :: gs) -> value h <= value top).
          { intros h Hh. unfold value, top. cbn [terms constant]. destruct Hh as [<-|Hh].
            - assert (H := least_constant gs (constant g)). fold c in H. lra.
            - rewrite <- (same_terms_value _ _ (Hsame h Hh)).
              assert (H := largest_constant h gs (constant g) Hh). fold c in H. lra. }
          assert (Hin : In (maximum (map value (z :: zs))) (map value (z :: zs))) by (apply maximum_in; discriminate).
          apply in_map_iff in Hin. destruct Hin as (z' & <- & Hz').
          destruct (Habove z' Hz') as (h & Hh & Hle). specialize (Htop h Hh). lra.
        Qed.

        Lemma step_holds t f : by_step table_of rows t = Some f -> 0 <= value f.
        Proof.
          destruct t as [l|p v q others|v p q|v q ps]; simpl.
          - destruct l; [discriminate|]. apply combined_holds.
          - apply sub_holds.
          - apply chord_holds.
          - apply maxle_holds.
        Qed.

        (** * The rules that end a branch *)

        (** qed: a negative constant is nowhere >= 0; a goal above a multiple of what is >= 0 is >= 0. *)
        Lemma closes_holds f goal : closes f goal = true -> 0 <= value f -> 0 <= value goal.
        Proof.
          unfold closes. destruct (terms f) as [|[v a] tf] eqn:Ef.
          - intros H Hf. rewrite (value_no_terms f Ef) in Hf. destruct (terms goal) eqn:Eg.
            + rewrite (value_no_terms goal Eg). apply orb_true_iff in H. destruct H as [H|H].
              * apply negative_real in H. lra.
              * apply leb_real in H. now rewrite real_zero in H.
            + apply negative_real in H. lra.
          - destruct (terms goal) as [|[w b] tg] eqn:Eg; [discriminate|]. intros C Hf.
            apply andb_true_iff in C. destruct C as [C Hc%leb_real].
            apply andb_true_iff in C. destruct C as [C Hsame%proportional].
            apply andb_true_iff in C. destruct C as [Ha%positive_real Hb%positive_real].
            rewrite !real_mul in Hc. nra.
        Qed.
      End Rows.

      Variable s : sequent.
      Hypothesis s_nodes : nodes s = circuit.

      (** The true literals: consistent, one in each clause, and their rows hold. *)
      Variable truth : literal -> Prop.
      Hypothesis consistent : forall l, truth l -> truth (negation l) -> False.
      Hypothesis clauses_true : forall c, In c (clauses s) -> exists l, In l c /\ truth l.
      Hypothesis switched_hold : forall l, truth l -> forall f, In f (switched s l) -> 0 <= value f.

      Definition task_proved (t : task) : Prop :=
        (forall f, In f (more t) -> 0 <= value f) -> (forall l, In l (assumes t) -> truth l) -> 0 <= value (wanted t).

      (** split: z >= 0 and then y = z, or z <= 0 and then y = 0; some argument is the maximum. *)
      Lemma split_exhaustive n :
        In n circuit -> exists fs, In fs (split_cases n) /\ forall f, In f fs -> 0 <= value f.
      Proof.
        intros Hn. assert (Hm := meaning n Hn). assert (Hs := scales n Hn). unfold node_holds in Hm.
        unfold split_cases. destruct (node_gate n) as [z|z zs].
        - destruct (relu_cases (value z)) as [[Hz E]|[Hz E]]; rewrite E in Hm.
          + eexists. split; [now left|]. intros f [<-|[<-|[]]]; apply primitive_nonneg.
            * assumption.
            * rewrite value_minus, value_scaled. lra.
          + eexists. split; [right; now left|]. intros f [<-|[<-|[]]].
            * apply primitive_nonneg. rewrite value_scale, real_opp, real_one. lra.
            * rewrite value_times, real_opp, real_one. nra.
        - assert (Hin : In (maximum (map value (z :: zs))) (map value (z :: zs))) by (apply maximum_in; discriminate).
          apply in_map_iff in Hin. destruct Hin as (z' & E & Hz').
          exists [primitive (minus z' (scaled n))].
          split; [apply (in_map (fun z => [primitive (minus z (scaled n))])); exact Hz'|].
          intros f [<-|[]]. apply primitive_nonneg. rewrite value_minus, value_scaled. lra.
      Qed.

      Lemma assumed_in_spec l assumed : assumed_in l assumed = true -> In l assumed.
      Proof.
        unfold assumed_in. intros (k & Hk & E)%existsb_exists. now destruct (literal_eq_dec l k) as [->|].
      Qed.

      (** Whatever rule ends a branch: if all branches that it opens are proved, so is the branch. *)
      Lemma rule_holds rows assumed goal r tasks :
        rows_hold rows -> (forall l, In l assumed -> truth l) ->
        by_rule s table_of rows assumed goal r = Some tasks ->
        (forall t, In t tasks -> task_proved t) -> 0 <= value goal.
      Proof.
        intros Hrows Hassumed. destruct r as [f|v|f|c|l]; simpl.
        - destruct (written s f) as [lemma|]; [|discriminate]. intros [= <-] H.
          assert (Hlemma : 0 <= value lemma)
            by (apply (H (Task [] [] lemma)); simpl; tauto).
          apply (H (Task [lemma] [] goal)); simpl; [tauto| |tauto]. intros g [<-|[]]. assumption.
        - destruct (find_node table_of v) as [n|] eqn:E; [|discriminate]. apply find_node_in in E.
          intros [= <-] H. destruct (split_exhaustive n E) as (fs & Hfs & Hf).
          apply (H (Task fs [] goal)); simpl; [|assumption|tauto].
          now apply (in_map (fun fs => Task fs [] goal)).
        - destruct (written s f) as [g|]; [|discriminate]. intros [= <-] H.
          destruct (Rle_lt_dec 0 (value g)).
          + apply (H (Task [g] [] goal)); simpl; [tauto| |tauto]. intros h [<-|[]]. assumption.
          + apply (H (Task [scale (Num.opp Num.one) g] [] goal)); simpl; [tauto| |tauto].
            intros h [<-|[]]. rewrite value_scale, real_opp, real_one. lra.
        - destruct (nth_error (clauses s) (N.to_nat c)) as [clause|] eqn:E; [|discriminate].
          intros [= <-] H. destruct (clauses_true clause (nth_error_In _ _ E)) as (l & Hl & Ht).
          apply (H (Task (if assumed_in l assumed then [] else switched s l) [l] goal)); simpl.
          + apply (in_map (fun l => Task (if assumed_in l assumed then [] else switched s l) [l] goal)).
            apply filter_In. split; [assumption|]. apply negb_true_iff.
            destruct (assumed_in (negation l) assumed) eqn:A; [|reflexivity].
            apply assumed_in_spec in A. exfalso. eauto.
          + intros f Hf. destruct (assumed_in l assumed); [destruct Hf|eauto].
          + intros k [<-|[]]. assumption.
        - destruct (combined rows l) as [f|] eqn:E; [|discriminate].
          destruct (closes f goal) eqn:C; [|discriminate]. intros _ _.
          apply (closes_holds f goal C). eauto using combined_holds.
      Qed.

      (** * The whole proof *)

      Definition branch_proved (b : branch) : Prop :=
        rows_hold (given b) -> (forall l, In l (assumed b) -> truth l) -> 0 <= value (aim b).

      Lemma opened_proved b t :
        rows_hold (given b) -> (forall l, In l (assumed b) -> truth l) -> branch_proved (opened b t) -> task_proved t.
      Proof.
        intros Hrows Hassumed H Hmore Hassumes. apply H; cbn [opened given assumed].
        - now apply push_all_holds.
        - intros l [Hl|Hl]%in_app_iff; auto.
      Qed.

      Lemma check_lines_holds : forall p b open,
        check_lines s table_of p b open = true -> branch_proved b /\ forall o, In o open -> branch_proved o.
      Proof.
        induction p as [|[t|r] p IH]; intros b open; cbn [check_lines]; [discriminate| |].
        - destruct (by_step table_of (given b) t) as [f|] eqn:E; [|discriminate].
          intros H. apply IH in H. destruct H as [Hb Hopen]. split; [|assumption].
          intros Hrows Hassumed. apply Hb; [|assumption].
          apply push_holds; [assumption|]. apply primitive_nonneg. eauto using step_holds.
        - destruct (by_rule s table_of (given b) (assumed b) (aim b) r) as [tasks|] eqn:E; [|discriminate].
          intros H. assert (Hall : forall o, In o (map (opened b) tasks ++ open) -> branch_proved o).
          { destruct (map (opened b) tasks ++ open) as [|o os]; [intros ? []|].
            apply IH in H. destruct H as [Ho Hos]. intros o' [<-|Ho']; auto. }
          split; [|intros o Ho; apply Hall, in_app_iff; now right].
          intros Hrows Hassumed. apply (rule_holds (given b) (assumed b) (aim b) r tasks Hrows Hassumed E).
          intros t Ht. apply (opened_proved b t Hrows Hassumed). apply Hall, in_app_iff. left. now apply in_map.
      Qed.
    End Circuit.
  End AtOnePoint.

  (** * The theorem *)

  (** A sequent is valid if its goal is >= 0 at every point at which the circuit has its meaning and the rows hold, and
      for every consistent choice of true literals that satisfies the clauses and whose rows hold. *)
  Definition valid (s : sequent) : Prop :=
    forall (point : N -> R) (truth : literal -> Prop),
      (forall n, In n (nodes s) -> node_holds point n) ->
      (forall f, In f (before_nodes s) \/ In f (after_nodes s) -> 0 <= value point f) ->
      (forall l, truth l -> truth (negation l) -> False) ->
      (forall c, In c (clauses s) -> exists l, In l c /\ truth l) ->
      (forall l, truth l -> forall f, In f (switched s l) -> 0 <= value point f) ->
      0 <= value point (goal s).

  Theorem check_sound (s : sequent) (p : proof) : check s p = true -> valid s.
  Proof.
    intros [Hs Hp]%andb_true_iff point truth Hnodes Hrows Hcons Hclauses Hswitched.
    rewrite forallb_forall in Hs.
    assert (Hscales : forall n, In n (nodes s) -> 0 < real (node_scale n)) by (intros; apply positive_real; auto).
    apply (check_lines_holds point (nodes s) Hnodes Hscales s truth Hcons Hclauses Hswitched p _ [] Hp); cbn [given].
    - apply push_all_holds; [apply empty_table_holds|].
      intros f. unfold initial_rows. rewrite !in_app_iff, in_flat_map. intros [H|[(n & Hn & Hf)|H]]; auto.
      eapply node_rows_hold; eauto.
    - intros _ [].
  Qed.
End Soundness.
