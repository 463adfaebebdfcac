(** How far the logits of float32 execution may be from the exact ones (FORMAT.md, "Float32"), and certificates of
    margins of float32 execution: computation only. It follows the class [Rounding] of [exactcnn/checker/kernel.py];
    [Roundings.v] proves that the bound is one. *)

From Coq Require Import ZArith NArith List Bool.
From ExactCNN Require Import Formulas Numbers Checker Instance Evaluation.
From ExactCNN Require Axis.
Import ListNotations.

Module Rounding (Num : Numbers).
  Include Evaluation Num.

  (** * Numbers *)

  (** Bounds are integers over this. *)
  Definition finest : number := of_Z (2 ^ 256)%Z.

  Definition two_23 : number := of_Z (2 ^ 23)%Z.
  Definition two_24 : number := of_Z (2 ^ 24)%Z.
  Definition two_108 : number := of_Z (2 ^ 108)%Z.
  Definition two_126 : number := of_Z (2 ^ 126)%Z.
  Definition two_130 : number := of_Z (2 ^ 130)%Z.
  Definition two_149 : number := of_Z (2 ^ 149)%Z.
  Definition two_276 : number := of_Z (2 ^ 276)%Z.

  Definition lesser (a b : number) : number := if Num.leb a b then a else b.

  Definition divided_up (a b : number) : number := Num.opp (Num.div (Num.opp a) b).

  (** A power of two up to 2^256. *)
  Definition power_of_twob (a : number) : bool := positive a && Num.eqb (Num.gcd a finest) a.

  (** Whether w / unit is 0 or a normal number of binary32: in units of 2^-149 it is an integer of the right size, and has
      24 bits at most when divided by the power of two in it. *)
  Definition float32b (unit w : number) : bool :=
    Num.eqb w Num.zero
    || (let a := Num.mul (absolute w) two_149 in
        let n := Num.div a unit in
        Num.eqb (Num.mul n unit) a && Num.leb two_23 n && strictly_below n two_276
        && strictly_below (Num.div n (Num.gcd n two_276)) two_24).

  (** * Bounds of channels *)

  (** The exact value lies between [span_low] and [span_high], the computed one no further than [span_error] from it. *)
  Record span := Span { span_low : number; span_high : number; span_error : number }.

  (** As long as there is a step, all numbers are integer multiples of it, and computed exactly. *)
  Record progress := Progress { spans : list span; spacing : option number }.

  (** The greatest magnitude of the computed value. *)
  Definition span_size (b : span) : number := Num.add (largest (Num.opp (span_low b)) (span_high b)) (span_error b).

  Definition with_zero (b : span) : span := Span (lesser Num.zero (span_low b)) (largest Num.zero (span_high b)) (span_error b).

  Definition relu_span (b : span) : span :=
    Span (largest Num.zero (span_low b)) (largest Num.zero (span_high b)) (span_error b).

  Definition is_padded (down across : Axis.level) : bool :=
    (0 <? Axis.before down + Axis.before across + Axis.after down + Axis.after across)%Z.

  Definition padded_spans (down across : Axis.level) (l : list span) : list span :=
    if is_padded down across then map with_zero l else l.

  (** * Sums *)

  (** A sum of products: bounds of its exact value, of the terms' magnitudes and of the terms' errors; how many terms. *)
  Record sums := Sums { sum_low : number; sum_high : number; sum_size : number; sum_error : number; sum_terms : number }.

  Definition sums_of_bias (b : number) : sums :=
    Sums (Num.mul b finest) (Num.mul b finest) (Num.mul (absolute b) finest) Num.zero Num.zero.

  Definition add_product (w : number) (b : span) (s : sums) : sums :=
    let up := Num.leb Num.zero w in
    Sums (Num.add (sum_low s) (Num.mul w (if up then span_low b else span_high b)))
         (Num.add (sum_high s) (Num.mul w (if up then span_high b else span_low b)))
         (Num.add (sum_size s) (Num.mul (absolute w) (span_size b)))
         (Num.add (sum_error s) (Num.mul (absolute w) (span_error b)))
         (Num.add (sum_terms s) Num.one).

  (** The channels and weights of a row, and its bias. *)
  Fixpoint row_sums (l : list span) (bias : number) (row : list (N * number)) : option sums :=
    match row with
    | [] => Some (sums_of_bias bias)
    | (k, w) :: row =>
        bind (nth_error l (N.to_nat k)) (fun b => option_map (add_product w b) (row_sums l bias row))
    end.

  (** The cells of a pool's window. *)
  Definition cell_sums (n : number) (b : span) : sums :=
    Sums (Num.mul n (span_low b)) (Num.mul n (span_high b)) (Num.mul n (span_size b)) (Num.mul n (span_error b)) n.

  (** At most [n] positions of an image. Sums of fewer may be nearer to 0; dividing by multiplication is a rounding more. *)
  Definition position_sums (n : number) (b : span) : sums :=
    let all := with_zero (Span (Num.mul n (span_low b)) (Num.mul n (span_high b)) (Num.mul n (span_error b))) in
    Sums (span_low all) (span_high all) (span_size all) (span_error all) (Num.add n Num.one).

  (** The number of roundings on the way of each term. *)
  Definition roundings (s : sums) : number := Num.add (sum_terms s) (Num.add Num.one Num.one).

  (** What the roundings lose of a sum over [unit]. *)
  Definition lost (unit : number) (s : sums) : number :=
    let k := roundings s in
    Num.add (divided_up (Num.mul (sum_size s) k) (Num.add two_24 (Num.opp k))) (Num.mul (Num.mul unit k) two_108).

  Definition finished (exact : bool) (unit : number) (s : sums) : span :=
    Span (Num.div (sum_low s) unit) (divided_up (sum_high s) unit)
         (divided_up (if exact then sum_error s else Num.add (sum_error s) (lost unit s)) unit).

  (** Whether sums of these magnitudes over [unit] are computed exactly. *)
  Definition exactly (unit : number) (found : list sums) (step : option number) : bool :=
    match step with
    | None => false
    | Some s => power_of_twob unit && Num.leb (Num.mul unit two_130) s
                && forallb (fun x => Num.leb (sum_size x) (Num.mul s two_24)) found
    end.

  (** What becomes of sums over [unit]; a mean's sum is computed before it is divided. *)
  Definition through_sums (unit : number) (mean : bool) (step : option number) (found : list sums) : option progress :=
    let limit := Num.mul (if mean then finest else Num.mul unit finest) two_126 in
    let exact := exactly unit found step in
    if forallb (fun s => strictly_below (sum_size s) limit && strictly_below (roundings s) two_23) found
    then Some (Progress (map (finished exact unit) found)
                        (if exact then option_map (fun s => Num.div s unit) step else None))
    else None.

  (** * Layers *)

  Definition tap_earlier (t u : N * Z * Z * number) : bool :=
    let '(k, i, j, _) := t in
    let '(l, r, s, _) := u in
    (k <? l)%N || (k =? l)%N && ((i <? r)%Z || (i =? r)%Z && (j <? s)%Z).

  Definition float32_layer (l : stem_layer) : bool :=
    match l with
    | SConv _ _ _ taps bias u =>
        forallb (fun row => strictly_sorted tap_earlier row && forallb (fun t => float32b u (snd t)) row) taps
        && forallb (float32b u) bias
    | _ => true
    end.

  Definition tap_channel (t : N * Z * Z * number) : N * number := let '(k, _, _, w) := t in (k, w).

  Definition round_layer (l : stem_layer) (p : progress) : option progress :=
    match l with
    | SRelu => Some (Progress (map relu_span (spans p)) (spacing p))
    | SMaxPool d a => if padding_below_window d && padding_below_window a then Some p else None
    | SConv _ d a taps bias u =>
        if positive u && float32_layer l
        then bind (all (map (fun rb => row_sums (padded_spans d a (spans p)) (snd rb) (map tap_channel (fst rb)))
                            (List.combine taps bias)))
                  (through_sums u false (spacing p))
        else None
    | SAvgPool d a =>
        let n := cells_number d a in
        through_sums n true (spacing p) (map (cell_sums n) (padded_spans d a (spans p)))
    end.

  Fixpoint round_layers (l : list stem_layer) (p : progress) : option progress :=
    match l with
    | [] => Some p
    | a :: l => bind (round_layer a p) (round_layers l)
    end.

  Section Statement.
    Variable st : statement.

    Definition input_span : span :=
      if bytes st then Span Num.zero (Num.mul (of_Z 255) finest) Num.zero
      else Span (Num.div (Num.mul (dark st) finest) (grid st)) (divided_up (Num.mul (bright st) finest) (grid st)) Num.zero.

    (** A step is 1 over the number given; smaller ones than 2^-256 are as none. *)
    Definition input_step (q : option number) : option number :=
      bind q (fun q => if power_of_twob q then Some (Num.div finest q) else None).

    Definition round_input (q : option number) : progress :=
      Progress (repeat input_span (N.to_nat (channels st))) (input_step q).

    Definition round_pool (p : progress) : option progress :=
      match pool st with
      | PoolMax => Some p
      | PoolSum =>
          bind (most_positions st) (fun n =>
            through_sums Num.one false (spacing p) (map (position_sums (of_Z n)) (spans p)))
      | PoolMean =>
          bind (most_positions st) (fun n =>
            (* Which divisions are exact depends on the size. *)
            through_sums (of_Z n) true (if (fewest_positions st =? n)%Z then spacing p else None)
                         (map (position_sums (of_Z n)) (spans p)))
      end.

    (** No computed logit is further from the exact one, over [finest]; inputs are integer multiples of 1/q. *)
    Definition error_bound (q : option number) : option number :=
      bind (round_layers (stem st) (round_input q)) (fun p =>
      bind (round_pool p) (fun p =>
      bind (round_layers (head_layers st) p) (fun p =>
      if (length (spans p) =? length (classes st))%nat
      then Some (fold_right (fun b e => largest (span_error b) e) Num.zero (spans p)) else None))).

    (** The same statement with another margin. *)
    Definition with_margin (m : ratio) : statement :=
      Statement (least_height st) (least_width st) (most_height st) (most_width st) m (grid st) (channels st) (dark st)
                (bright st) (bytes st) (features st) (classes st) (stem st) (pool st) (head st).

    (** The margin and two errors. *)
    Definition demanded (e : number) : ratio :=
      let m := margin st in
      Ratio (Num.add (Num.mul (over m) finest) (Num.mul (Num.add e e) (under m))) (Num.mul (under m) finest).

    (** The statement about exact logits from which that about computed ones follows. *)
    Definition exact_statement (q : option number) : option statement :=
      option_map (fun e => with_margin (demanded e)) (error_bound q).

    Definition check_float (q : option number) (cert : certificate) : bool :=
      match exact_statement q with Some exact => check_instance exact cert | None => false end.

    Definition check_float_certificate (q : option number) (cert : certificate) (l : list witness) : bool :=
      match exact_statement q with Some exact => check_certificate exact cert l | None => false end.
  End Statement.
End Rounding.
