(** From a statement to what has to be proved (FORMAT.md, "What the kernel derives"), and the check of a whole
    certificate: computation only. It follows [exactcnn/checker/kernel.py]; [proofs/README.md] says where it is
    narrower.

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

  (** The global pool. *)
  Inductive pool_kind := PoolMax | PoolSum | PoolMean.

  (** The ends of intervals and of the pixel range are over [grid]. *)
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
    pool : pool_kind;
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

  Fixpoint strictly_sorted {A} (less : A -> A -> bool) (l : list A) : bool :=
    match l with
    | a :: ((b :: _) as m) => less a b && strictly_sorted less m
    | _ => true
    end.

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

  (** The weighted sum of channels at the place where the range starts. *)
  Definition weighted (m : known) (weights : list (N * number)) : option quotient :=
    bind (all (map (fun w => option_map (pair (snd w)) (find_place m (fst w, 0, 0)%Z)) weights)) (fun parts =>
      combine parts Num.zero Num.one).

  (** One channel as a weighted sum. *)
  Definition alone (k : N) : list (N * number) := [(k, Num.one)].

  (** * The circuit of outputs at one kind of position *)

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
        | first :: more =>
            sorted (filter (fun p => match a with SRelu => true | _ => exists_in (view_of l rs cs) p end)
                           (flat_map (fun p => map snd (sources a p)) first)) :: first :: more
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

    (** The pixels: their variables, what the network reads of them, their rows, and their intervals. *)
    Fixpoint allocate (w : view) (inside : option seen_window) (l : list place) (raw reads : known) (s : state)
        : option (known * known * list form * list (number * number) * state) :=
      match l with
      | [] => Some (raw, reads, [], [], s)
      | p :: l =>
          if (fst (fst p) <? channels st)%N && in_field w p && exists_in w p then
            let q := variable_quotient (count s) in
            bind (ends inside p) (fun ab =>
            bind (read_pixel q) (fun read =>
            bind (allocate w inside l (add_place p q raw) (add_place p read reads) (State (N.succ (count s)) (gates s)))
              (fun found =>
                 let '(raw, reads, rows, boxes, s) := found in
                 Some (raw, reads,
                       bounded q false (Ratio (fst ab) (grid st)) :: bounded q true (Ratio (snd ab) (grid st)) :: rows,
                       ab :: boxes, s))))
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

    Fixpoint window_terms (raw : known) (g : feature) (box : list (number * number)) (r c : Z) (l : list place)
      (s : state)
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

    (** The pixels' intervals, the rows before and after those of the nodes, the nodes, and the weighted sum of
        outputs. *)
    Record local := Local {
      local_boxes : list (number * number);
      local_before : list form; local_state : state; local_after : list form;
      local_value : quotient
    }.

    (** The axes' levels: an image that no layer slides over has one of its own. *)
    Definition axis_levels (l : list Axis.level) : list Axis.level :=
      match l with [] => [Axis.Level 1 1 0 0] | _ => l end.

    Definition row_axis : list Axis.level := axis_levels (row_levels (stem st)).
    Definition column_axis : list Axis.level := axis_levels (column_levels (stem st)).

    Definition image_view (rs cs : Axis.signature_t) : view :=
      View (hd (0, 0)%Z rs) (hd (0, 0)%Z cs) (Axis.field row_axis) (Axis.field column_axis).

    Definition local_at (weights : list (N * number)) (rs cs : Axis.signature_t) (clear : list seen_window)
        (inside : option seen_window) : option local :=
      let w := image_view rs cs in
      match needs (stem st) rs cs (map (fun w => (fst w, 0, 0)%Z) weights) with
      | [] => None
      | inputs :: needed =>
          let more := flat_map (fun c => let '(f, t, r, s) := c in
                        match find_template f t with Some (g, _) => window_places g r s | None => [] end) clear in
          bind (allocate w inside (sorted (inputs ++ more)) nothing_known nothing_known (State 0 [])) (fun found =>
            let '(raw, reads, rows, boxes, s) := found in
            bind (unroll (stem st) rs cs needed reads s) (fun ms =>
            bind (weighted (fst ms) weights) (fun value =>
            bind (clear_rows w raw clear (snd ms)) (fun after =>
            Some (Local boxes rows (snd after) (fst after) value)))))
      end.

    (** The proof that a weighted sum of outputs is >= r, or <= r where [upper]. *)
    Definition check_local (weights : list (N * number)) (rs cs : Axis.signature_t) (clear : list seen_window)
        (inside : option seen_window) (upper : bool) (r : ratio) (p : proof) : bool :=
      match local_at weights rs cs clear inside with
      | None => false
      | Some l =>
          fits_ratio r
          && check (Sequent (count (local_state l)) (local_before l) (rev (gates (local_state l))) (local_after l)
                            [] (fun _ => []) (bounded (local_value l) upper r)) p
      end.
  End Local.

  (** * Interval arithmetic *)

  (** Intervals of variables, their ends over one positive number [fine], rounded outwards. *)
  Section Boxes.
    Variable fine : number.

    Definition intervals : Type := PositiveMap.t (number * number).

    Definition set_interval (v : N) (ab : number * number) (m : intervals) : intervals :=
      PositiveMap.add (N.succ_pos v) ab m.

    Definition interval_of (v : N) (m : intervals) : option (number * number) := PositiveMap.find (N.succ_pos v) m.

    (** The least and the greatest value of terms. *)
    Fixpoint terms_interval (m : intervals) (l : list term) : option (number * number) :=
      match l with
      | [] => Some (Num.zero, Num.zero)
      | (v, c) :: l =>
          match interval_of v m, terms_interval m l with
          | Some (a, b), Some (low, high) =>
              let (a, b) := if Num.leb Num.zero c then (a, b) else (b, a) in
              Some (Num.add (Num.mul c a) low, Num.add (Num.mul c b) high)
          | _, _ => None
          end
      end.

    (** The interval of a form over a positive number. *)
    Definition form_interval (m : intervals) (f : form) (d : number) : option (number * number) :=
      option_map (fun ab =>
          let k := Num.mul (constant f) fine in
          (Num.div (Num.add (fst ab) k) d, Num.opp (Num.div (Num.opp (Num.add (snd ab) k)) d)))
        (terms_interval m (terms f)).

    Definition larger (a b : number * number) : number * number := (largest (fst a) (fst b), largest (snd a) (snd b)).

    Definition node_interval (m : intervals) (n : node) : option (number * number) :=
      match node_gate n with
      | ReluOf z => option_map (larger (Num.zero, Num.zero)) (form_interval m z (node_scale n))
      | MaxOf z zs =>
          match form_interval m z (node_scale n), all (map (fun z => form_interval m z (node_scale n)) zs) with
          | Some ab, Some l => Some (fold_right larger ab l)
          | _, _ => None
          end
      end.

    Fixpoint node_intervals (m : intervals) (l : list node) : option intervals :=
      match l with
      | [] => Some m
      | n :: l => bind (node_interval m n) (fun ab => node_intervals (set_interval (variable n) ab m) l)
      end.

    Fixpoint pixel_intervals (factor : number) (v : N) (l : list (number * number)) : intervals :=
      match l with
      | [] => PositiveMap.empty _
      | (a, b) :: l => set_interval v (Num.mul a factor, Num.mul b factor) (pixel_intervals factor (N.succ v) l)
      end.
  End Boxes.

  (** A number that every layer's division leaves whole. *)
  Definition fine_grid (st : statement) : number :=
    fold_left (fun n l => Num.mul n (match l with
                                     | SConv _ _ _ _ _ u => u
                                     | SAvgPool d a => cells_number d a
                                     | _ => Num.one
                                     end))
              (stem st) (Num.mul (grid st) (Num.add (bright st) (Num.opp (dark st)))).

  (** That a value is >= r, or <= r where [upper], if it lies in this interval over [fine]. *)
  Definition interval_gives (fine : number) (ab : number * number) (upper : bool) (r : ratio) : bool :=
    fits_ratio r
    && if upper then Num.leb (Num.mul (snd ab) (under r)) (Num.mul (over r) fine)
       else Num.leb (Num.mul (over r) fine) (Num.mul (fst ab) (under r)).

  (** The intervals of a circuit's variables, from those of its pixels. *)
  Definition circuit_intervals (st : statement) (boxes : list (number * number)) (nodes : list node)
      : option intervals :=
    let fine := fine_grid st in
    let factor := Num.div fine (grid st) in
    if positive fine && Num.eqb (Num.mul factor (grid st)) fine && forallb (fun n => positive (node_scale n)) nodes
    then node_intervals fine (pixel_intervals factor 0 boxes) nodes
    else None.

  (** A weighted sum of outputs is >= r, or <= r where [upper], by interval arithmetic from the pixels' intervals. *)
  Definition check_box (st : statement) (weights : list (N * number)) (rs cs : Axis.signature_t)
      (inside : option seen_window) (upper : bool) (r : ratio) : bool :=
    match local_at st weights rs cs [] inside with
    | None => false
    | Some l =>
        match bind (circuit_intervals st (local_boxes l) (rev (gates (local_state l)))) (fun m =>
                form_interval (fine_grid st) m (top (local_value l)) (below (local_value l))) with
        | None => false
        | Some ab => interval_gives (fine_grid st) ab upper r
        end
    end.

  (** The intervals of outputs at one kind of position, all from one circuit: what the box blocks of that kind share. *)
  Definition bounds_at (st : statement) (ks : list N) (rs cs : Axis.signature_t) : intervals :=
    let w := image_view st rs cs in
    match needs (stem st) rs cs (map (fun k => (k, 0, 0)%Z) ks) with
    | [] => PositiveMap.empty _
    | inputs :: needed =>
        match bind (allocate st w None (sorted inputs) nothing_known nothing_known (State 0 [])) (fun found =>
              let '(_, reads, _, boxes, s) := found in
              bind (unroll (stem st) rs cs needed reads s) (fun ms =>
              option_map (pair (fst ms)) (circuit_intervals st boxes (rev (gates (snd ms)))))) with
        | None => PositiveMap.empty _
        | Some (m, found) =>
            fold_right (fun k l =>
              match bind (find_place m (k, 0, 0)%Z) (fun q => form_interval (fine_grid st) found (top q) (below q)) with
              | Some ab => set_interval k ab l
              | None => l
              end) (PositiveMap.empty _) ks
        end
    end.

  (** A block of a fact about windows that exhibit a template: a proof, or nothing, which stands for interval
      arithmetic. *)
  Definition check_block (st : statement) (weights : list (N * number)) (rs cs : Axis.signature_t)
      (inside : option seen_window) (upper : bool) (r : ratio) (p : option proof) : bool :=
    match p with
    | Some p => check_local st weights rs cs [] inside upper r p
    | None => check_box st weights rs cs inside upper r
    end.

  (** A block of a fact about a kind of position, with the bounds there. *)
  Definition check_kind (st : statement) (bounds : intervals) (k : N) (rs cs : Axis.signature_t)
      (clear : list seen_window) (upper : bool) (r : ratio) (p : option proof) : bool :=
    match p with
    | Some p => check_local st (alone k) rs cs clear None upper r p
    | None =>
        match clear, interval_of k bounds with
        | [], Some ab => interval_gives (fine_grid st) ab upper r
        | _, _ => false
        end
    end.

  (** * Facts and head sequents *)

  (** With the proofs of a certificate: one a border kind, or one a class of windows with the way of seeing it. *)
  Inductive fact :=
  | Floor (k : N) (low : ratio) (blocks : list (option proof))
  | Upper (k : N) (high : ratio) (avoid : list nat) (blocks : list (list seen_window * option proof))
  | Lower (f t : nat) (k : N) (low : ratio) (blocks : list (nat * nat * option proof))
  | Joint (f t : nat) (weights : list (N * number)) (low : ratio) (blocks : list (nat * nat * option proof)).

  (** A fact about windows that exhibit a template: feature and template, the weighted sum, its bound, the blocks. *)
  Definition about_windows (fa : fact)
      : option (nat * nat * list (N * number) * ratio * list (nat * nat * option proof)) :=
    match fa with
    | Lower f t k low blocks => Some (f, t, alone k, low, blocks)
    | Joint f t weights low blocks => Some (f, t, weights, low, blocks)
    | _ => None
    end.

  (** A layer of the head is a convolution of a single pixel. *)
  Definition single : Axis.level := Axis.Level 1 1 0 0.

  Definition as_stem (l : head_layer) : stem_layer :=
    match l with
    | SDense inputs taps bias u =>
        SConv inputs single single (map (map (fun t => (fst t, 0%Z, 0%Z, snd t))) taps) bias u
    | SDenseRelu => SRelu
    end.

  Definition head_place (k : nat) : place := (N.of_nat k, 0%Z, 0%Z).

  Section Head.
    Variables (st : statement) (facts : list fact).

    Definition head_layers : list stem_layer := map as_stem (head st).

    (** The clips of the single pixel, level by level. *)
    Definition head_signature : Axis.signature_t := map (fun _ => (0, 1)%Z) (row_levels head_layers).

    (** The stem's positions at the least and at the greatest size, if there is one. *)
    Definition fewest_positions : Z :=
      (Axis.positions (row_axis st) (least_height st) * Axis.positions (column_axis st) (least_width st))%Z.

    Definition most_positions : option Z :=
      match most_height st, most_width st with
      | Some h, Some w => Some (Axis.positions (row_axis st) h * Axis.positions (column_axis st) w)%Z
      | _, _ => None
      end.

    (** What a pooled channel is at least, or at most where [upper], if every position is. *)
    Definition spread (upper : bool) (r : ratio) : option ratio :=
      match pool st with
      | PoolSum =>
          let few := if upper then Num.leb (over r) Num.zero else Num.leb Num.zero (over r) in
          option_map (fun n => Ratio (Num.mul (of_Z n) (over r)) (under r))
                     (if few then Some fewest_positions else most_positions)
      | _ => Some r
      end.

    Fixpoint floor_among (k : N) (l : list fact) : option ratio :=
      match l with
      | [] => None
      | Floor j low _ :: l => if (j =? k)%N then Some low else floor_among k l
      | _ :: l => floor_among k l
      end.

    (** What a weighted sum of channels is at least at every position, if they all have floors. *)
    Fixpoint blended_floor (weights : list (N * number)) : option ratio :=
      match weights with
      | [] => Some (Ratio Num.zero Num.one)
      | (k, a) :: weights =>
          bind (floor_among k facts) (fun c => bind (blended_floor weights) (fun r =>
            Some (Ratio (Num.add (Num.mul (Num.mul a (over c)) (under r)) (Num.mul (over r) (under c)))
                        (Num.mul (under c) (under r)))))
      end.

    (** What a weighted sum of pooled channels is at least, if the sum at some position is at least [low]. *)
    Definition somewhere (weights : list (N * number)) (low : ratio) : option ratio :=
      let others (c : ratio) (n : Z) :=
        Num.add (Num.mul (over low) (under c)) (Num.mul (of_Z (n - 1)) (Num.mul (over c) (under low))) in
      match pool st with
      | PoolMax => Some low
      | PoolSum =>
          bind (blended_floor weights) (fun c =>
          bind (if Num.leb Num.zero (over c) then Some fewest_positions else most_positions) (fun n =>
          Some (Ratio (others c n) (Num.mul (under low) (under c)))))
      | PoolMean =>
          bind (blended_floor weights) (fun c =>
          bind most_positions (fun n =>
          Some (Ratio (others c n) (Num.mul (of_Z n) (Num.mul (under low) (under c))))))
      end.

    (** The row of a bound, if there is one. *)
    Definition bound_rows (q : quotient) (upper : bool) (r : option ratio) : list form :=
      match r with Some r => [bounded q upper r] | None => [] end.

    (** What the facts say of a pooled channel that avoids nothing. *)
    Definition plain_rows (k : N) (q : quotient) : list form :=
      flat_map (fun f => match f with
                         | Floor l low _ => if (l =? k)%N then bound_rows q false (spread false low) else []
                         | _ => []
                         end) facts
      ++ flat_map (fun f => match f with
                            | Upper l high [] _ => if (l =? k)%N then bound_rows q true (spread true high) else []
                            | _ => []
                            end) facts.

    (** The pooled channels: their variables and rows. *)
    Fixpoint allocate_pooled (l : list place) (m : known) (s : state) : option (known * list form * state) :=
      match l with
      | [] => Some (m, [], s)
      | p :: l =>
          if place_eqb p (fst (fst p), 0, 0)%Z then
            let q := variable_quotient (count s) in
            bind (allocate_pooled l (add_place p q m) (State (N.succ (count s)) (gates s))) (fun found =>
              let '(m, rows, s) := found in
              Some (m, plain_rows (fst (fst p)) q ++ rows, s))
          else None
      end.

    (** The alternatives of a class; of [Otherwise] those of all others. *)
    Definition formula (y : nat) : list alternative :=
      match nth_error (classes st) y with
      | Some (AnyOf l) => l
      | _ => flat_map (fun c => match c with AnyOf l => l | Otherwise => [] end) (classes st)
      end.

    Definition is_otherwise (y : nat) : bool :=
      match nth_error (classes st) y with Some Otherwise => true | _ => false end.

    Definition literals (a : alternative) : list literal :=
      map (fun f => (true, Contains f)) (requires a) ++ map (fun f => (false, Contains f)) (forbids a).

    (** Some alternative holds. *)
    Definition chosen_clauses (y : nat) (l : list alternative) : list (list literal) :=
      map (fun i => (true, Chosen y i)) (seq 0 (length l))
      :: flat_map (fun ia => map (fun x => [(false, Chosen y (fst ia)); x]) (literals (snd ia)))
                  (List.combine (seq 0 (length l)) l).

    (** No alternative holds. *)
    Definition failed_clauses (l : list alternative) : list (list literal) :=
      map (fun a => map negation (literals a)) l.

    (** The formula of class [y] holds, or fails; that of [Otherwise] holds where all others fail. *)
    Definition formula_clauses (y : nat) (holds : bool) : list (list literal) :=
      if Bool.eqb holds (is_otherwise y) then failed_clauses (formula y) else chosen_clauses y (formula y).

    Definition mentioned (ys : list nat) (f : nat) : bool :=
      existsb (fun y => existsb (fun a => existsb (Nat.eqb f) (requires a ++ forbids a)) (formula y)) ys.

    (** The features in play, ascending. *)
    Definition in_play (ys : list nat) : list nat := filter (mentioned ys) (seq 0 (length (features st))).

    Definition template_clause (f : nat) : list literal :=
      (false, Contains f)
      :: match nth_error (features st) f with
         | Some g => map (fun t => (true, Exhibits f t)) (seq 0 (length (f_templates g)))
         | None => []
         end.

    Definition numbered_facts : list (nat * fact) := List.combine (seq 0 (length facts)) facts.

    (** Clauses of the upper facts that avoid something, give a row, and are about channels and features in play. *)
    Definition avoided_clauses (ys : list nat) (m : known) : list (list literal) :=
      flat_map (fun jf =>
        match snd jf with
        | Upper k high ((_ :: _) as avoid) _ =>
            match find_place m (k, 0, 0)%Z, spread true high with
            | Some _, Some _ => if forallb (fun f => existsb (Nat.eqb f) (in_play ys)) avoid
                                then [(true, Avoided (fst jf)) :: map (fun f => (true, Contains f)) avoid] else []
            | _, _ => []
            end
        | _ => []
        end) numbered_facts.

    (** The rows that a true literal switches on. *)
    Definition switched_rows (m : known) (l : literal) : list form :=
      match l with
      | (true, Exhibits f t) =>
          flat_map (fun fa => match about_windows fa with
                              | Some (g, u, weights, low, _) =>
                                  if ((g =? f) && (u =? t))%nat
                                  then match weighted m weights with
                                       | Some q => bound_rows q false (somewhere weights low)
                                       | None => []
                                       end
                                  else []
                              | None => []
                              end) facts
      | (true, Avoided j) =>
          match nth_error facts j with
          | Some (Upper k high _ _) =>
              match find_place m (k, 0, 0)%Z with Some q => bound_rows q true (spread true high) | None => [] end
          | _ => []
          end
      | _ => []
      end.

    Definition head_clauses (holds fails : list nat) (m : known) : list (list literal) :=
      let ys := holds ++ fails in
      flat_map (fun y => formula_clauses y true) holds ++ flat_map (fun z => formula_clauses z false) fails
      ++ map template_clause (in_play ys) ++ avoided_clauses ys m.

    (** The sum of multiples of logits is >= r, where the formulas of [holds] hold and those of [fails] fail. *)
    Definition head_sequent (holds fails : list nat) (goal : list (number * nat)) (r : ratio) : option sequent :=
      match needs head_layers head_signature head_signature (sorted (map (fun g => head_place (snd g)) goal)) with
      | [] => None
      | pooled :: needed =>
          bind (allocate_pooled (sorted pooled) nothing_known (State 0 [])) (fun found =>
            let '(m, rows, s) := found in
            bind (unroll head_layers head_signature head_signature needed m s) (fun ms =>
            bind (all (map (fun g => option_map (pair (fst g)) (find_place (fst ms) (head_place (snd g)))) goal))
              (fun parts =>
            bind (combine parts Num.zero Num.one) (fun total =>
            Some (Sequent (count (snd ms)) rows (rev (gates (snd ms))) []
                          (head_clauses holds fails m) (switched_rows m) (bounded total false r))))))
      end.

    Definition check_head (holds fails : list nat) (goal : list (number * nat)) (r : ratio) (p : proof) : bool :=
      fits_ratio r && match head_sequent holds fails goal r with Some s => check s p | None => false end.
  End Head.

  (** * Whole certificates *)

  (** The bound and its proof, where there is one, for each class on each side; proofs for the pairs left over. *)
  Record certificate := Certificate {
    facts : list fact;
    rights : list (option (ratio * proof));
    wrongs : list (option (ratio * proof));
    pairs : list (nat * nat * proof)
  }.

  Section Check.
    Variable st : statement.

    Definition smallest (l : list Z) : Z := match l with [] => 1 | a :: l => fold_right Z.min a l end.
    Definition greatest (l : list Z) : Z := match l with [] => 1 | a :: l => fold_right Z.max a l end.

    Definition row_lengths : option (list Z) :=
      Axis.representatives (row_axis st) (smallest (map f_rows (features st))) (greatest (map f_rows (features st)))
                           (least_height st) (most_height st).

    Definition column_lengths : option (list Z) :=
      Axis.representatives (column_axis st) (smallest (map f_columns (features st)))
                           (greatest (map f_columns (features st))) (least_width st) (most_width st).

    (** Each entry once, where it first occurs. *)
    Fixpoint distinct {A} (same : forall a b : A, {a = b} + {a <> b}) (seen l : list A) : list A :=
      match l with
      | [] => []
      | a :: l => if in_dec same a seen then distinct same seen l else a :: distinct same (a :: seen) l
      end.

    Definition clip_eq_dec (a b : Z * Z) : {a = b} + {a <> b}.
    Proof. repeat decide equality. Defined.

    Definition signature_eq_dec : forall a b : Axis.signature_t, {a = b} + {a <> b} := list_eq_dec clip_eq_dec.

    Definition sight_eq_dec (a b : Axis.sight_t) : {a = b} + {a <> b}.
    Proof. decide equality; [apply signature_eq_dec|apply Z.eq_dec]. Defined.

    Definition kind_list (axis : list Axis.level) (lengths : list Z) : list Axis.signature_t :=
      distinct signature_eq_dec [] (Axis.kinds axis lengths).

    Definition class_list (axis : list Axis.level) (size : Z) (lengths : list Z) : list (list Axis.sight_t) :=
      distinct (list_eq_dec sight_eq_dec) [] (Axis.sight_classes axis size lengths).

    (** One block for each entry. *)
    Fixpoint each {A B} (test : A -> B -> bool) (l : list A) (m : list B) : bool :=
      match l, m with
      | [], [] => true
      | a :: l, b :: m => test a b && each test l m
      | _, _ => false
      end.

    (** A window that is seen by certain positions: one of them along the rows, one along the columns, and the proof. *)
    Definition check_seen (f t : nat) (weights : list (N * number)) (low : ratio)
        (seen : list Axis.sight_t * list Axis.sight_t) (block : nat * nat * option proof) : bool :=
      let '(a, b, p) := block in
      match nth_error (fst seen) a, nth_error (snd seen) b with
      | Some (r, rs), Some (c, cs) => check_block st weights rs cs (Some (f, t, r, c)) false low p
      | _, _ => false
      end.

    (** Every way in which a window of the feature is seen. *)
    Definition check_windows (rows columns : list Z) (f t : nat) (weights : list (N * number)) (low : ratio)
        (blocks : list (nat * nat * option proof)) : bool :=
      match find_template st f t with
      | None => false
      | Some (g, _) =>
          fits_ratio low && each (check_seen f t weights low)
               (list_prod (class_list (row_axis st) (f_rows g) rows)
                          (class_list (column_axis st) (f_columns g) columns))
               blocks
      end.

    (** Two channels or more, ascending, with positive weights. *)
    Definition joint_okb (weights : list (N * number)) : bool :=
      (2 <=? length weights)%nat && strictly_sorted N.ltb (map fst weights)
      && forallb (fun w => positive (snd w)) weights.

    (** Border kinds with bounds of channels. *)
    Definition kind_table : Type := list (Axis.signature_t * Axis.signature_t * intervals).

    (** The channels of which a fact has a block by interval arithmetic. *)
    Definition boxed_channels (l : list fact) : list N :=
      let is_box (p : option proof) := match p with None => true | Some _ => false end in
      without_repeats (NumbersSort.sort
        (flat_map (fun fa => match fa with
                             | Floor k _ blocks => if existsb is_box blocks then [k] else []
                             | Upper k _ _ blocks => if existsb (fun b => is_box (snd b)) blocks then [k] else []
                             | _ => []
                             end) l)).

    Definition bounded_kinds (ks : list N) (rows columns : list Z) : kind_table :=
      map (fun kind => (kind, bounds_at st ks (fst kind) (snd kind)))
          (list_prod (kind_list (row_axis st) rows) (kind_list (column_axis st) columns)).

    Definition check_fact (kinds : kind_table) (rows columns : list Z) (fa : fact) : bool :=
      match fa with
      | Floor k low blocks =>
          fits_ratio low && each (fun kb p => let '(rs, cs, bounds) := kb in
                  check_kind st bounds k rs cs [] false low p) kinds blocks
      | Upper k high avoid blocks =>
          fits_ratio high && each (fun kb block => let '(rs, cs, bounds) := kb in
                  forallb (fun c => let '(f, _, _, _) := c in existsb (Nat.eqb f) avoid) (fst block)
                  && check_kind st bounds k rs cs (fst block) true high (snd block)) kinds blocks
      | Lower f t k low blocks => check_windows rows columns f t (alone k) low blocks
      | Joint f t weights low blocks =>
          joint_okb weights && check_windows rows columns f t weights low blocks
      end.

    Definition opposite (r : ratio) : ratio := Ratio (Num.opp (over r)) (under r).

    (** a - b >= margin. *)
    Definition leads (a b : ratio) : bool :=
      positive (under a) && positive (under b) && positive (under (margin st))
      && Num.leb (Num.mul (over (margin st)) (Num.mul (under a) (under b)))
                 (Num.mul (Num.add (Num.mul (over a) (under b)) (Num.opp (Num.mul (over b) (under a))))
                   (under (margin st))).

    Definition numbers_of {A} (l : list A) : list nat := seq 0 (length l).

    Variable cert : certificate.

    Definition check_right (y : nat) (b : option (ratio * proof)) : bool :=
      match b with None => true | Some (a, p) => check_head st (facts cert) [y] [] [(Num.one, y)] a p end.

    Definition check_wrong (z : nat) (b : option (ratio * proof)) : bool :=
      match b with
      | None => true
      | Some (a, p) => check_head st (facts cert) [] [z] [(Num.opp Num.one, z)] (opposite a) p
      end.

    (** The classes whose formulas fail where that of [y] holds. *)
    Definition others (y : nat) : list nat :=
      if is_otherwise st y then []
      else filter (fun z => negb (z =? y)%nat && negb (is_otherwise st z)) (numbers_of (classes st)).

    (** The bounds on both sides do for the pair. *)
    Definition separated (y z : nat) : bool :=
      match nth_error (rights cert) y, nth_error (wrongs cert) z with
      | Some (Some (a, _)), Some (Some (b, _)) => leads a b
      | _, _ => false
      end.

    Definition check_pair (y z : nat) : bool :=
      separated y z
      || existsb (fun q => let '(y', z', p) := q in
                   (y' =? y)%nat && (z' =? z)%nat
                   && check_head st (facts cert) [y] (others y) [(Num.one, y); (Num.opp Num.one, z)] (margin st) p)
                 (pairs cert).

    (** What a statement must be. *)
    Definition level_okb (l : Axis.level) : bool :=
      ((1 <=? Axis.kernel l) && (1 <=? Axis.stride l) && (0 <=? Axis.before l) && (0 <=? Axis.after l))%Z.

    Definition layer_okb (l : stem_layer) : bool :=
      forallb level_okb (row_levels_of l) && forallb level_okb (column_levels_of l)
      && match l with
         | SConv inputs d a taps _ _ =>
             forallb (forallb (fun t => let '(k, r, s, _) := t in
                        (k <? inputs)%N
                        && ((0 <=? r) && (r <? Axis.kernel d) && (0 <=? s) && (s <? Axis.kernel a))%Z)) taps
         | _ => true
         end.

    Definition feature_okb (g : feature) : bool :=
      ((1 <=? f_rows g) && (1 <=? f_columns g))%Z && fits_ratio (f_gap g) && positive (over (f_gap g)).

    Definition class_okb (c : class) : bool :=
      match c with
      | AnyOf l => negb (match l with [] => true | _ => false end)
                   && forallb (fun a => forallb (fun f => (f <? length (features st))%nat) (requires a ++ forbids a)) l
      | Otherwise => true
      end.

    Definition statement_okb : bool :=
      positive (grid st) && strictly_below (dark st) (bright st) && positive (under (margin st))
      && forallb layer_okb (stem st) && forallb layer_okb (head_layers st)
      && forallb feature_okb (features st) && forallb class_okb (classes st)
      && Axis.defined_at (row_axis st) (least_height st) && Axis.defined_at (column_axis st) (least_width st).

    (** * What the kernel demands besides

        No proof rests on these tests. With them, [check_instance] refuses what the kernel refuses. *)

    (** The pairs left over are those for which there are proofs, in order. *)
    Definition pairs_listed : bool :=
      let classes := numbers_of (classes st) in
      each (fun yz q => (fst yz =? fst (fst q))%nat && (snd yz =? snd (fst q))%nat)
           (filter (fun yz => negb (fst yz =? snd yz)%nat && negb (separated (fst yz) (snd yz)))
                   (list_prod classes classes))
           (pairs cert).

    Fixpoint floors_once (seen : list N) (l : list fact) : bool :=
      match l with
      | [] => true
      | Floor k _ _ :: l => negb (existsb (N.eqb k) seen) && floors_once (k :: seen) l
      | _ :: l => floors_once seen l
      end.

    Definition outputs_from (inputs : N) (l : stem_layer) : N :=
      match l with SConv _ _ _ taps _ _ => N.of_nat (length taps) | _ => inputs end.

    Definition stem_outputs : N := fold_left outputs_from (stem st) (channels st).

    (** Layers fit onto each other. *)
    Fixpoint widths_fit (inputs : N) (l : list stem_layer) : bool :=
      match l with
      | [] => true
      | a :: l =>
          match a with
          | SConv n _ _ taps bias _ =>
              (n =? inputs)%N && (1 <=? length taps)%nat && (length taps =? length bias)%nat
          | _ => true
          end && widths_fit (outputs_from inputs a) l
      end.

    Definition earlier (a b : seen_window) : bool :=
      let '(f, t, r, s) := a in
      let '(f', t', r', s') := b in
      ((f <? f') || (f =? f') && ((t <? t') || (t =? t') && ((r <? r')%Z || (r =? r')%Z && (s <? s')%Z)))%nat.

    Definition fact_formed (fa : fact) : bool :=
      match fa with
      | Floor k _ _ | Lower _ _ k _ _ => (k <? stem_outputs)%N
      | Upper k _ avoid blocks =>
          (k <? stem_outputs)%N && strictly_sorted Nat.ltb avoid
          && forallb (fun f => f <? length (features st))%nat avoid
          && forallb (fun b => strictly_sorted earlier (fst b)) blocks
      | Joint _ _ weights _ _ => forallb (fun w => fst w <? stem_outputs)%N weights
      end.

    (** Sizes along an axis are at most this. *)
    Definition largest_size : Z := 512.

    Fixpoint levels_small (levels : list Axis.level) : bool :=
      match levels with
      | [] => true
      | l :: more =>
          forallb (fun n => n <=? largest_size)%Z
            [Axis.kernel l; Axis.stride l; Axis.before l; Axis.after l;
             Axis.step levels; Axis.field levels; - Axis.start levels 0]%Z
          && levels_small more
      end.

    Definition padding_below_window (l : Axis.level) : bool :=
      ((Axis.before l <? Axis.kernel l) && (Axis.after l <? Axis.kernel l))%Z.

    Definition feature_formed (g : feature) : bool :=
      ((f_rows g <=? largest_size) && (f_columns g <=? largest_size))%Z
      && negb (match f_templates g with [] => true | _ => false end)
      && forallb (fun box =>
           (Z.of_nat (length box) =? Z.of_N (channels st) * f_rows g * f_columns g)%Z
           && forallb (fun ab => Num.leb (dark st) (fst ab) && Num.leb (fst ab) (snd ab)
                                 && Num.leb (snd ab) (bright st)) box) (f_templates g).

    Definition class_formed (c : class) : bool :=
      match c with
      | AnyOf l => forallb (fun a => strictly_sorted Nat.ltb (requires a) && strictly_sorted Nat.ltb (forbids a)) l
      | Otherwise => true
      end.

    Definition at_least (least : Z) (most : option Z) : bool :=
      match most with Some n => (least <=? n)%Z | None => true end.

    Definition statement_formed : bool :=
      ((1 <=? least_height st) && (1 <=? least_width st))%Z
      && at_least (least_height st) (most_height st) && at_least (least_width st) (most_width st)
      && positive (over (margin st)) && (1 <=? channels st)%N
      && (1 <=? length (features st))%nat && forallb feature_formed (features st)
      && (2 <=? length (classes st))%nat && forallb class_formed (classes st)
      && (length (filter (is_otherwise st) (numbers_of (classes st))) <=? 1)%nat
      && levels_small (row_levels (stem st)) && levels_small (column_levels (stem st))
      && forallb (fun l => match l with
                           | SMaxPool d a => padding_below_window d && padding_below_window a
                           | _ => true
                           end) (stem st)
      && widths_fit (channels st) (stem st) && widths_fit stem_outputs (head_layers st)
      && (fold_left outputs_from (head_layers st) stem_outputs =? N.of_nat (length (classes st)))%N.

    Definition formed : bool :=
      statement_formed && forallb fact_formed (facts cert) && floors_once [] (facts cert) && pairs_listed.

    Definition check_instance : bool :=
      statement_okb
      && match row_lengths, column_lengths with
         | Some rows, Some columns =>
             let kinds := bounded_kinds (boxed_channels (facts cert)) rows columns in
             forallb (check_fact kinds rows columns) (facts cert)
         | _, _ => false
         end
      && each check_right (numbers_of (classes st)) (rights cert)
      && each check_wrong (numbers_of (classes st)) (wrongs cert)
      && forallb (fun y => forallb (fun z => (y =? z)%nat || check_pair y z) (numbers_of (classes st)))
                 (numbers_of (classes st))
      && formed.
  End Check.
End Instance.
