(** From a statement to what has to be proved (FORMAT.md, "What the kernel derives"), and the check of a whole
    certificate: computation only. It follows [exactcnn/checker/kernel.py]; [proofs/README.md] says where it is narrower.

    A certificate cannot choose what it proves: circuits, rows and goals are derived here from the statement. *)

From Coq Require Import ZArith NArith List Bool FMapPositive Mergesort Orders.
From ExactCNN Require Import Formulas Numbers Checker.
From ExactCNN Require Axis.
Import ListNotations.

Module NumbersOrder <: TotalLeBool.
  Definition t := N.
  Definition leb := N.leb.
  Lemma leb_total a b : leb a b = true \/ leb b a = true.
  Proof. unfold leb. rewrite !N.leb_le. apply N.le_ge_cases. Qed.
End NumbersOrder.

Module NumbersSort := Sort NumbersOrder.

Module Instance (Num : Numbers).
  Include Checker Num.

  (** * Statements *)

  Record ratio := Ratio { over : number; under : number }.

  (** A layer of the stem, by its level along the rows and along the columns. The taps of an output are (input channel,
      row, column, weight); weights and biases are over the layer's scale. *)
  Inductive stem_layer :=
  | SConv (inputs : N) (down across : Axis.level) (taps : list (list (N * Z * Z * number))) (bias : list number)
          (unit : number)
  | SRelu
  | SMaxPool (down across : Axis.level)
  | SAvgPool (down across : Axis.level).

  Inductive head_layer :=
  | SDense (inputs : N) (taps : list (list (N * number))) (bias : list number) (unit : number)
  | SDenseRelu.

  (** A template lists its intervals channel by channel, row by row. *)
  Record feature := Feature { f_rows : Z; f_columns : Z; f_gap : ratio; f_templates : list (list (number * number)) }.

  (** The ends of intervals and of the pixel range are over [grid]. The pool is the global maximum. *)
  Record statement := Statement {
    least_height : Z; least_width : Z;
    most_height : option Z; most_width : option Z;
    margin : ratio;
    grid : number;
    channels : N;
    dark : number; bright : number;
    bytes : bool;
    features : list feature;
    classes : list class;
    stem : list stem_layer;
    head : list head_layer
  }.

  (** * Small tools *)

  Fixpoint all {A} (l : list (option A)) : option (list A) :=
    match l with
    | [] => Some []
    | Some a :: l => match all l with Some l => Some (a :: l) | None => None end
    | None :: _ => None
    end.

  Definition bind {A B} (a : option A) (f : A -> option B) : option B :=
    match a with Some a => f a | None => None end.

  Fixpoint of_positive (p : BinNums.positive) : number :=
    match p with
    | xH => Num.one
    | xO p => let n := of_positive p in Num.add n n
    | xI p => let n := of_positive p in Num.add Num.one (Num.add n n)
    end.

  Definition of_Z (z : Z) : number :=
    match z with Z0 => Num.zero | Zpos p => of_positive p | Zneg p => Num.opp (of_positive p) end.

  Definition fits_ratio (r : ratio) : bool := positive (under r).

  (** * Quotients: forms over a positive number *)

  Record quotient := Quotient { top : form; below : number }.

  Definition variable_quotient (v : N) : quotient := Quotient (times Num.one v) Num.one.

  Definition lcm (a b : number) : number := Num.mul a (Num.div b (Num.gcd a b)).

  Definition common (l : list quotient) : number := fold_right (fun q d => lcm (below q) d) Num.one l.

  (** The form that the quotient has over the denominator [d], if that is a multiple of its own. *)
  Definition over_common (d : number) (q : quotient) : option form :=
    let m := Num.div d (below q) in
    if Num.eqb (Num.mul m (below q)) d then Some (scale m (top q)) else None.

  (** The sum of multiples of quotients and a constant, over [q]. *)
  Definition combine (parts : list (number * quotient)) (c q : number) : option quotient :=
    let d := common (map snd parts) in
    bind (all (map (fun p => option_map (scale (fst p)) (over_common d (snd p))) parts)) (fun fs =>
      if positive d && positive q then Some (Quotient (add (total fs) (just (Num.mul d c))) (Num.mul q d)) else None).

  (** The row that says: the quotient is >= r, or <= r where [upper]. *)
  Definition bounded (q : quotient) (upper : bool) (r : ratio) : form :=
    let f := minus (scale (under r) (top q)) (just (Num.mul (over r) (below q))) in
    primitive (if upper then scale (Num.opp Num.one) f else f).

  (** * Nodes *)

  (** How many variables there are, and the nodes so far, the last one first. *)
  Record state := State { count : N; gates : list node }.

  (** The greatest number that divides the denominator and all coefficients. *)
  Definition shared (d : number) (fs : list form) : number := fold_left (fun g f => Num.gcd g (divisor f)) fs d.

  Definition shorten (g : number) (f : form) : form :=
    Form (map (fun p => (fst p, Num.div (snd p) g)) (terms f)) (Num.div (constant f) g).

  (** Forms over a positive number, without a common divisor. *)
  Definition shortened (d : number) (fs : list form) : number * list form :=
    let g := shared d fs in
    if Num.leb g Num.one then (d, fs) else (Num.div d g, map (shorten g) fs).

  Definition is_constant (f : form) : bool := match terms f with [] => true | _ => false end.

  (** max(0, z), or the maximum of arguments: a constant where they are constants, else a new node. *)
  Definition maximum_of (relu : bool) (parts : list quotient) (s : state) : option (quotient * state) :=
    let d := common parts in
    bind (all (map (over_common d) parts)) (fun fs =>
      if positive d then
        match shortened d fs with
        | (_, []) => None
        | (e, z :: zs) =>
            if relu && negb (match zs with [] => true | _ => false end) then None
            else if forallb is_constant (z :: zs) then
              let c := if relu then largest Num.zero (constant z)
                       else fold_right (fun f c => largest (constant f) c) (constant z) zs in
              Some (Quotient (just c) e, s)
            else
              let v := count s in
              Some (variable_quotient v,
                    State (N.succ v) (Node v e (if relu then ReluOf z else MaxOf z zs) :: gates s))
        end
      else None).

  (** * Places of a level, and what is known of them *)

  (** Channel, row and column, relative to where the range of the level starts. *)
  Definition place : Type := N * Z * Z.

  Definition place_eqb (p q : place) : bool :=
    let '(k, r, c) := p in
    let '(l, s, d) := q in
    ((k =? l)%N && (r =? s)%Z && (c =? d)%Z).

  (** Ascending by channel, row and column where rows and columns are below 512. *)
  Definition key (p : place) : N := let '(k, r, c) := p in ((k * 512 + Z.to_N r) * 512 + Z.to_N c)%N.

  Definition place_of (n : N) : place :=
    (n / 262144, Z.of_N ((n / 512) mod 512), Z.of_N (n mod 512))%N.

  Fixpoint without_repeats (l : list N) : list N :=
    match l with
    | a :: ((b :: _) as m) => if (a =? b)%N then without_repeats m else a :: without_repeats m
    | _ => l
    end.

  Definition sorted (l : list place) : list place :=
    map place_of (without_repeats (NumbersSort.sort (map key l))).

  Definition known : Type := PositiveMap.t (place * quotient).

  Definition nothing_known : known := PositiveMap.empty _.

  Definition find_place (m : known) (p : place) : option quotient :=
    match PositiveMap.find (N.succ_pos (key p)) m with
    | Some (q, f) => if place_eqb q p then Some f else None
    | None => None
    end.

  Definition add_place (p : place) (q : quotient) (m : known) : known :=
    PositiveMap.add (N.succ_pos (key p)) (p, q) m.

  (** * The circuit of one output at one kind of position *)

  Definition clip_t : Type := Z * Z.

  Definition here (c : clip_t) (r : Z) : bool := ((fst c <=? r) && (r <? snd c))%Z.

  (** A view of a level: its clips, and the lengths of the range, along the rows and along the columns. *)
  Record view := View { row_clip : clip_t; column_clip : clip_t; row_field : Z; column_field : Z }.

  Definition in_field (w : view) (p : place) : bool :=
    let '(_, r, c) := p in ((0 <=? r) && (r <? row_field w) && (0 <=? c) && (c <? column_field w))%Z.

  Definition exists_in (w : view) (p : place) : bool :=
    let '(_, r, c) := p in here (row_clip w) r && here (column_clip w) c.

  (** The quotients of those places that exist, with their weights; nothing if one is not known. *)
  Fixpoint gather (w : view) (m : known) (l : list (number * place)) : option (list (number * quotient)) :=
    match l with
    | [] => Some []
    | (a, p) :: l =>
        if in_field w p then
          if exists_in w p
          then bind (find_place m p) (fun q => option_map (cons (a, q)) (gather w m l))
          else gather w m l
        else None
    end.

  Definition row_levels_of (l : stem_layer) : list Axis.level :=
    match l with SConv _ d _ _ _ _ | SMaxPool d _ | SAvgPool d _ => [d] | SRelu => [] end.

  Definition column_levels_of (l : stem_layer) : list Axis.level :=
    match l with SConv _ _ a _ _ _ | SMaxPool _ a | SAvgPool _ a => [a] | SRelu => [] end.

  Definition row_levels (l : list stem_layer) : list Axis.level := flat_map row_levels_of l.
  Definition column_levels (l : list stem_layer) : list Axis.level := flat_map column_levels_of l.

  Definition corner (down across : Axis.level) (p : place) : Z * Z :=
    let '(_, r, c) := p in (r * Axis.stride down, c * Axis.stride across)%Z.

  (** The cells of a pool's window, and the taps of a convolution's. *)
  Definition window_cells (down across : Axis.level) (p : place) : list (number * place) :=
    let '(k, r, c) := p in
    map (fun o => (Num.one, (k, r * Axis.stride down + fst o, c * Axis.stride across + snd o)%Z))
        (list_prod (Axis.span 0 (Axis.kernel down)) (Axis.span 0 (Axis.kernel across))).

  Definition window_taps (down across : Axis.level) (taps : list (N * Z * Z * number)) (p : place)
      : list (number * place) :=
    let '(_, r, c) := p in
    map (fun t => let '(k, i, j, w) := t in (w, (k, r * Axis.stride down + i, c * Axis.stride across + j)%Z)) taps.

  Definition channel_of (p : place) : nat := N.to_nat (fst (fst p)).

  (** What a place of a layer's output looks at. *)
  Definition sources (l : stem_layer) (p : place) : list (number * place) :=
    match l with
    | SConv _ d a taps _ _ => window_taps d a (nth (channel_of p) taps []) p
    | SRelu => [(Num.one, p)]
    | SMaxPool d a | SAvgPool d a => window_cells d a p
    end.

  Definition cells_number (down across : Axis.level) : number := of_Z (Axis.kernel down * Axis.kernel across).

  Definition layer_place (l : stem_layer) (w : view) (m : known) (p : place) (s : state) : option (quotient * state) :=
    match l with
    | SRelu => bind (find_place m p) (fun q => maximum_of true [q] s)
    | SConv _ _ _ _ bias u =>
        bind (gather w m (sources l p)) (fun parts =>
          option_map (fun q => (q, s)) (combine parts (nth (channel_of p) bias Num.zero) u))
    | SMaxPool _ _ => bind (gather w m (sources l p)) (fun parts => maximum_of false (map snd parts) s)
    | SAvgPool d a =>
        bind (gather w m (sources l p)) (fun parts =>
          option_map (fun q => (q, s)) (combine parts Num.zero (cells_number d a)))
    end.

  Fixpoint places (compute : place -> state -> option (quotient * state)) (l : list place) (m : known) (s : state)
      : option (known * state) :=
    match l with
    | [] => Some (m, s)
    | p :: l => bind (compute p s) (fun qs => places compute l (add_place p (fst qs) m) (snd qs))
    end.

  (** The view of the level below the first layer of [l], and the signatures after that layer. *)
  Definition view_of (l : list stem_layer) (rs cs : Axis.signature_t) : view :=
    View (hd (0, 0)%Z rs) (hd (0, 0)%Z cs) (Axis.field (row_levels l)) (Axis.field (column_levels l)).

  Definition after_layer (l : stem_layer) (s : Axis.signature_t) : Axis.signature_t :=
    match l with SRelu => s | _ => tl s end.

  Fixpoint unroll (l : list stem_layer) (rs cs : Axis.signature_t) (needed : list (list place)) (m : known) (s : state)
      : option (known * state) :=
    match l, needed with
    | [], _ => Some (m, s)
    | a :: l', outs :: needed =>
        bind (places (layer_place a (view_of l rs cs) m) outs nothing_known s) (fun ms =>
          unroll l' (after_layer a rs) (after_layer a cs) needed (fst ms) (snd ms))
    | _ :: _, [] => None
    end.

  (** The places of each level that the given outputs need, the image's first. *)
  Fixpoint needs (l : list stem_layer) (rs cs : Axis.signature_t) (outs : list place) : list (list place) :=
    match l with
    | [] => [outs]
    | a :: l' =>
        match needs l' (after_layer a rs) (after_layer a cs) outs with
        | [] => []
        | first :: _ as found =>
            sorted (filter (fun p => match a with SRelu => true | _ => exists_in (view_of l rs cs) p end)
                           (flat_map (fun p => map snd (sources a p)) first)) :: found
        end
    end.

  (** * Local sequents *)

  (** A window in the field: feature, template, row and column. *)
  Definition seen_window : Type := nat * nat * Z * Z.

  Section Local.
    Variable st : statement.

    Definition find_template (f t : nat) : option (feature * list (number * number)) :=
      bind (nth_error (features st) f) (fun g => option_map (pair g) (nth_error (f_templates g) t)).

    (** The places of a feature's window with its corner at (r, s), in order. *)
    Definition window_places (g : feature) (r s : Z) : list place :=
      flat_map (fun k => flat_map (fun i => map (fun j => (k, r + i, s + j)%Z) (Axis.span 0 (f_columns g)))
                                  (Axis.span 0 (f_rows g)))
               (map N.of_nat (seq 0 (N.to_nat (channels st)))).

    (** The entry of a template for a pixel of its window. *)
    Definition entry (g : feature) (box : list (number * number)) (k : N) (i j : Z) : option (number * number) :=
      nth_error box (Z.to_nat ((Z.of_N k * f_rows g + i) * f_columns g + j)).

    (** The interval of a pixel of the field: the template's in the window that exhibits it, else the pixel range. *)
    Definition ends (inside : option seen_window) (p : place) : option (number * number) :=
      match inside with
      | None => Some (dark st, bright st)
      | Some (f, t, r, s) =>
          let '(k, i, j) := p in
          bind (find_template f t) (fun gb =>
            let g := fst gb in
            if ((r <=? i) && (i <? r + f_rows g) && (s <=? j) && (j <? s + f_columns g))%Z
            then entry g (snd gb) k (i - r) (j - s) else Some (dark st, bright st))
      end.

    (** What the network reads of a pixel. *)
    Definition read_pixel (q : quotient) : option quotient :=
      if bytes st
      then let c := of_Z 255 in
           combine [(Num.mul c (grid st), q)] (Num.opp (Num.mul c (dark st))) (Num.add (bright st) (Num.opp (dark st)))
      else Some q.

    (** The pixels: their variables, what the network reads of them, and their rows. *)
    Fixpoint allocate (w : view) (inside : option seen_window) (l : list place) (raw reads : known) (s : state)
        : option (known * known * list form * state) :=
      match l with
      | [] => Some (raw, reads, [], s)
      | p :: l =>
          if (fst (fst p) <? channels st)%N && in_field w p && exists_in w p then
            let q := variable_quotient (count s) in
            bind (ends inside p) (fun ab =>
            bind (read_pixel q) (fun read =>
            bind (allocate w inside l (add_place p q raw) (add_place p read reads) (State (N.succ (count s)) (gates s)))
              (fun found =>
                 let '(raw, reads, rows, s) := found in
                 Some (raw, reads,
                       bounded q false (Ratio (fst ab) (grid st)) :: bounded q true (Ratio (snd ab) (grid st)) :: rows, s))))
          else None
      end.

    Definition strictly_below (a b : number) : bool := negb (Num.leb b a).

    (** The terms of the excess at one pixel: max(0, x - high) and max(0, low - x), where they are not 0 everywhere. *)
    Definition excess_terms (q : quotient) (ab : number * number) (s : state) : option (list quotient * state) :=
      bind (if strictly_below (snd ab) (bright st)
            then bind (combine [(grid st, q)] (Num.opp (snd ab)) (grid st)) (fun z =>
                   option_map (fun qs => ([fst qs], snd qs)) (maximum_of true [z] s))
            else Some ([], s)) (fun upper =>
      bind (if strictly_below (dark st) (fst ab)
            then bind (combine [(Num.opp (grid st), q)] (fst ab) (grid st)) (fun z =>
                   option_map (fun qs => ([fst qs], snd qs)) (maximum_of true [z] (snd upper)))
            else Some ([], snd upper)) (fun lower =>
      Some (fst upper ++ fst lower, snd lower))).

    Fixpoint window_terms (raw : known) (g : feature) (box : list (number * number)) (r c : Z) (l : list place) (s : state)
        : option (list quotient * state) :=
      match l with
      | [] => Some ([], s)
      | (k, i, j) as p :: l =>
          bind (find_place raw p) (fun q =>
          bind (entry g box k (i - r) (j - c)) (fun ab =>
          bind (excess_terms q ab s) (fun first =>
          bind (window_terms raw g box r c l (snd first)) (fun more =>
          Some (fst first ++ fst more, snd more)))))
      end.

    (** A window that exists in the image. *)
    Definition window_exists (w : view) (g : feature) (r s : Z) : bool :=
      ((fst (row_clip w) <=? r) && (r + f_rows g <=? snd (row_clip w))
       && (fst (column_clip w) <=? s) && (s + f_columns g <=? snd (column_clip w)))%Z.

    (** The rows that say that the windows are clear. *)
    Fixpoint clear_rows (w : view) (raw : known) (l : list seen_window) (s : state) : option (list form * state) :=
      match l with
      | [] => Some ([], s)
      | (f, t, r, c) :: l =>
          bind (find_template f t) (fun gb =>
          if window_exists w (fst gb) r c then
            bind (window_terms raw (fst gb) (snd gb) r c (window_places (fst gb) r c) s) (fun found =>
            bind (combine (map (pair Num.one) (fst found)) Num.zero Num.one) (fun excess =>
            bind (clear_rows w raw l (snd found)) (fun more =>
            Some (bounded excess false (f_gap (fst gb)) :: fst more, snd more))))
          else None)
      end.

    (** Rows before and after those of the nodes, the nodes, and the value of output [k] of the stem. *)
    Record local := Local { local_before : list form; local_state : state; local_after : list form; local_value : quotient }.

    (** The axes' levels: an image that no layer slides over has one of its own. *)
    Definition axis_levels (l : list Axis.level) : list Axis.level :=
      match l with [] => [Axis.Level 1 1 0 0] | _ => l end.

    Definition row_axis : list Axis.level := axis_levels (row_levels (stem st)).
    Definition column_axis : list Axis.level := axis_levels (column_levels (stem st)).

    Definition image_view (rs cs : Axis.signature_t) : view :=
      View (hd (0, 0)%Z rs) (hd (0, 0)%Z cs) (Axis.field row_axis) (Axis.field column_axis).

    Definition local_at (k : N) (rs cs : Axis.signature_t) (clear : list seen_window) (inside : option seen_window)
        : option local :=
      let w := image_view rs cs in
      match needs (stem st) rs cs [(k, 0, 0)%Z] with
      | [] => None
      | inputs :: needed =>
          let more := flat_map (fun c => let '(f, t, r, s) := c in
                        match find_template f t with Some (g, _) => window_places g r s | None => [] end) clear in
          bind (allocate w inside (sorted (inputs ++ more)) nothing_known nothing_known (State 0 [])) (fun found =>
            let '(raw, reads, rows, s) := found in
            bind (unroll (stem st) rs cs needed reads s) (fun ms =>
            bind (find_place (fst ms) (k, 0, 0)%Z) (fun value =>
            bind (clear_rows w raw clear (snd ms)) (fun after =>
            Some (Local rows (snd after) (fst after) value)))))
      end.

    (** The proof of S_k >= r, or S_k <= r where [upper]. *)
    Definition check_local (k : N) (rs cs : Axis.signature_t) (clear : list seen_window) (inside : option seen_window)
        (upper : bool) (r : ratio) (p : proof) : bool :=
      match local_at k rs cs clear inside with
      | None => false
      | Some l =>
          fits_ratio r
          && check (Sequent (count (local_state l)) (local_before l) (rev (gates (local_state l))) (local_after l)
                            [] (fun _ => []) (bounded (local_value l) upper r)) p
      end.
  End Local.
End Instance.
