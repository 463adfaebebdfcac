(** What the words of a statement mean on one image, by computation in exact numbers: the activations and logits of the
    network; for every feature whether the image contains or avoids it; the label; and the check of a certificate's
    witnesses (FORMAT.md, "Witnesses"). Computation only: [Evaluations.v] proves that these are the definitions of
    [Tasks.v] and [Networks.v].

    Every level is computed once, as an array. *)

From Coq Require Import ZArith NArith List Bool FMapPositive.
From ExactCNN Require Import Formulas Numbers Checker Instance.
From ExactCNN Require Axis.
Import ListNotations.

Module Evaluation (Num : Numbers).
  Include Instance Num.

  (** * Arrays *)

  (** Entries at the integers from 0 on. *)
  Definition array (A : Type) : Type := PositiveMap.t A.

  Definition slot (i : Z) : BinNums.positive := N.succ_pos (Z.to_N i).

  Definition look {A} (m : array A) (i : Z) : option A := if (i <? 0)%Z then None else PositiveMap.find (slot i) m.

  Fixpoint tabulated_from {A} (f : Z -> A) (n : nat) (i : Z) : array A :=
    match n with
    | O => PositiveMap.empty A
    | S n => PositiveMap.add (slot i) (f i) (tabulated_from f n (i + 1))
    end.

  (** [f] at the integers from 0 to n - 1. *)
  Definition tabulated {A} (n : Z) (f : Z -> A) : array A := tabulated_from f (Z.to_nat n) 0.

  Fixpoint listed_from {A} (l : list A) (i : Z) : array A :=
    match l with
    | [] => PositiveMap.empty A
    | a :: l => PositiveMap.add (slot i) a (listed_from l (i + 1))
    end.

  Definition listed {A} (l : list A) : array A := listed_from l 0.

  Definition number_in (cell : array number) (k : Z) : number :=
    match look cell k with Some v => v | None => Num.zero end.

  (** * Sheets *)

  (** The numbers of an image, or of a layer's output: by row, column and channel, over one unit. *)
  Record sheet := Sheet {
    sheet_height : Z; sheet_width : Z; sheet_channels : Z;
    sheet_unit : number;
    sheet_cells : array (array (array number))
  }.

  Definition cell_at (x : sheet) (i j : Z) : option (array number) :=
    match look (sheet_cells x) i with Some row => look row j | None => None end.

  Definition number_at (x : sheet) (k i j : Z) : number :=
    match cell_at x i j with Some cell => number_in cell k | None => Num.zero end.

  Definition sheet_of (h w channels : Z) (unit : number) (cell : Z -> Z -> array number) : sheet :=
    Sheet h w channels unit (tabulated h (fun i => tabulated w (cell i))).

  (** Channel by channel, row by row. *)
  Definition sheet_of_lists (h w channels : Z) (unit : number) (l : list (list (list number))) : sheet :=
    let planes := listed (map (fun plane => listed (map listed plane)) l) in
    sheet_of h w channels unit (fun i j => tabulated channels (fun k =>
      match look planes k with
      | Some plane => match look plane i with Some row => number_in row j | None => Num.zero end
      | None => Num.zero
      end)).

  Definition sheet_numbers (x : sheet) : list (list (list number)) :=
    map (fun k => map (fun i => map (number_at x k i) (Axis.span 0 (sheet_width x))) (Axis.span 0 (sheet_height x)))
        (Axis.span 0 (sheet_channels x)).

  (** Number by number, over another unit. *)
  Definition changed (unit : number) (f : number -> number) (x : sheet) : sheet :=
    sheet_of (sheet_height x) (sheet_width x) (sheet_channels x) unit (fun i j =>
      match cell_at x i j with
      | Some cell => tabulated (sheet_channels x) (fun k => f (number_in cell k))
      | None => PositiveMap.empty _
      end).

  Definition sheet_places (x : sheet) : list (Z * Z) :=
    list_prod (Axis.span 0 (sheet_height x)) (Axis.span 0 (sheet_width x)).

  Definition sum_of (l : list number) : number := fold_right Num.add Num.zero l.

  Definition largest_of (l : list number) : number :=
    match l with [] => Num.zero | a :: l => fold_right largest a l end.

  (** * Layers *)

  (** A layer's output: [cell] of the corner of each window in the image below. *)
  Definition slid (d a : Axis.level) (x : sheet) (channels : Z) (unit : number) (cell : Z -> Z -> array number)
      : sheet :=
    sheet_of (Axis.above d (sheet_height x)) (Axis.above a (sheet_width x)) channels unit (fun i j =>
      cell (i * Axis.stride d - Axis.before d)%Z (j * Axis.stride a - Axis.before a)%Z).

  (** ** Convolutions

      What a cell adds to the outputs of a window depends on its numbers and its place in the window only. Images have
      few different cells, so for the first ones that are found it is computed once for every place. *)

  (** Weights by the slot of the channel. *)
  Definition channel_weights : Type := list (BinNums.positive * number).

  (** The weights at each place of the window, by the place's number. *)
  Fixpoint by_place (across : Z) (l : list (N * Z * Z * number)) : array channel_weights :=
    match l with
    | [] => PositiveMap.empty _
    | (k, i, j, w) :: l =>
        let m := by_place across l in
        let p := (i * across + j)%Z in
        PositiveMap.add (slot p) ((slot (Z.of_N k), w) :: match look m p with Some l => l | None => [] end) m
    end.

  (** At each place, the weights of every output. *)
  Definition place_weights (area across : Z) (taps : list (list (N * Z * Z * number)))
      : array (list channel_weights) :=
    let outputs := map (by_place across) taps in
    tabulated area (fun p => map (fun m => match look m p with Some l => l | None => [] end) outputs).

  Definition part_of (cell : array number) (l : channel_weights) : number :=
    fold_right (fun kw total => match PositiveMap.find (fst kw) cell with
                                | Some v => Num.add (Num.mul (snd kw) v) total
                                | None => total
                                end) Num.zero l.

  (** What a cell at place [p] adds to the outputs. *)
  Definition parts_of (weights : array (list channel_weights)) (cell : array number) (p : Z) : list number :=
    match look weights p with Some l => map (part_of cell) l | None => [] end.

  (** The same numbers. *)
  Fixpoint same_cell (a b : array number) : bool :=
    match a, b with
    | PositiveMap.Leaf _, PositiveMap.Leaf _ => true
    | PositiveMap.Node l v r, PositiveMap.Node l' v' r' =>
        match v, v' with Some v, Some v' => Num.eqb v v' | None, None => true | _, _ => false end
        && same_cell l l' && same_cell r r'
    | _, _ => false
    end.

  (** Cells of the list without repetition, until there is no room. *)
  Fixpoint different_cells (room : nat) (found l : list (array number)) : list (array number) :=
    match l with
    | [] => found
    | cell :: l =>
        if existsb (same_cell cell) found then different_cells room found l
        else match room with O => found | S room => different_cells room (cell :: found) l end
    end.

  (** A cell, or all that it can add, place by place. *)
  Inductive prepared := Plain (cell : array number) | Ready (parts : array (list number)).

  Definition prepare (ready : list (array number * array (list number))) (cell : array number) : prepared :=
    match find (fun known => same_cell (fst known) cell) ready with
    | Some known => Ready (snd known)
    | None => Plain cell
    end.

  Definition prepared_parts (weights : array (list channel_weights)) (e : prepared) (p : Z) : list number :=
    match e with
    | Plain cell => parts_of weights cell p
    | Ready parts => match look parts p with Some l => l | None => [] end
    end.

  Fixpoint mapped {A B} (f : A -> B) (m : array A) : array B :=
    match m with
    | PositiveMap.Leaf _ => PositiveMap.Leaf _
    | PositiveMap.Node l v r => PositiveMap.Node (mapped f l) (option_map f v) (mapped f r)
    end.

  Definition prepared_cells (area : Z) (weights : array (list channel_weights)) (x : sheet) : array (array prepared) :=
    let cells := flat_map (fun p => match cell_at x (fst p) (snd p) with Some cell => [cell] | None => [] end)
                          (sheet_places x) in
    let ready := map (fun cell => (cell, tabulated area (parts_of weights cell))) (different_cells 32 [] cells) in
    mapped (mapped (prepare ready)) (sheet_cells x).

  Fixpoint add_lists (l m : list number) : list number :=
    match l, m with a :: l, b :: m => Num.add a b :: add_lists l m | _, _ => [] end.

  (** The outputs of the window with this corner, from [total] on. *)
  Definition window_outputs (weights : array (list channel_weights)) (cells : array (array prepared))
      (places : list (Z * Z * Z)) (total : list number) (r c : Z) : list number :=
    fold_left (fun total p =>
      let '(i, j, n) := p in
      match look cells (r + i) with
      | Some row =>
          match look row (c + j) with Some e => add_lists total (prepared_parts weights e n) | None => total end
      | None => total
      end) places total.

  (** The places of a window, and their numbers. *)
  Definition numbered_places (d a : Axis.level) : list (Z * Z * Z) :=
    map (fun p => (p, fst p * Axis.kernel a + snd p)%Z)
        (list_prod (Axis.span 0 (Axis.kernel d)) (Axis.span 0 (Axis.kernel a))).

  (** The cells of a pool's window that exist. *)
  Definition cells_of (d a : Axis.level) (x : sheet) (r c : Z) : list (array number) :=
    flat_map (fun p => match cell_at x (r + fst p) (c + snd p) with Some cell => [cell] | None => [] end)
             (list_prod (Axis.span 0 (Axis.kernel d)) (Axis.span 0 (Axis.kernel a))).

  Definition apply_layer (l : stem_layer) (x : sheet) : sheet :=
    match l with
    | SConv _ d a taps bias u =>
        let area := (Axis.kernel d * Axis.kernel a)%Z in
        let weights := place_weights area (Axis.kernel a) taps in
        let cells := prepared_cells area weights x in
        let places := numbered_places d a in
        let biases := map (fun o => Num.mul (sheet_unit x) (nth o bias Num.zero)) (numbers_of taps) in
        slid d a x (Z.of_nat (length taps)) (Num.mul (sheet_unit x) u) (fun r c =>
          listed (window_outputs weights cells places biases r c))
    | SRelu =>
        Sheet (sheet_height x) (sheet_width x) (sheet_channels x) (sheet_unit x)
              (mapped (mapped (mapped (largest Num.zero))) (sheet_cells x))
    | SMaxPool d a =>
        slid d a x (sheet_channels x) (sheet_unit x) (fun r c =>
          let cells := cells_of d a x r c in
          tabulated (sheet_channels x) (fun k => largest_of (map (fun cell => number_in cell k) cells)))
    | SAvgPool d a =>
        slid d a x (sheet_channels x) (Num.mul (sheet_unit x) (cells_number d a)) (fun r c =>
          let cells := cells_of d a x r c in
          tabulated (sheet_channels x) (fun k => sum_of (map (fun cell => number_in cell k) cells)))
    end.

  Definition apply_layers (l : list stem_layer) (x : sheet) : sheet := fold_left (fun x a => apply_layer a x) l x.

  (** The number of channels after the layers, if each has those that it looks at, and weights over a positive unit. *)
  Fixpoint channels_after (l : list stem_layer) (n : N) : option N :=
    match l with
    | [] => Some n
    | SConv inputs _ _ taps _ u :: l =>
        if (inputs <=? n)%N && positive u then channels_after l (N.of_nat (length taps)) else None
    | _ :: l => channels_after l n
    end.

  (** * Global pools *)

  (** A line of positions that stands for more of its kind (see "Long runs"). *)
  Record extra := Extra { extra_at : Z; extra_lines : Z }.

  Definition no_extra : extra := Extra 0 0.

  Definition weight_of (e : extra) (i : Z) : Z := if (i =? extra_at e)%Z then 1 + extra_lines e else 1.

  Definition pool_positions (rows columns : extra) (x : sheet) : number :=
    of_Z ((sheet_height x + extra_lines rows) * (sheet_width x + extra_lines columns)).

  Definition pooled_number (p : pool_kind) (rows columns : extra) (x : sheet) (k : Z) : number :=
    match p with
    | PoolMax => largest_of (map (fun ij => number_at x k (fst ij) (snd ij)) (sheet_places x))
    | _ => sum_of (map (fun ij => Num.mul (of_Z (weight_of rows (fst ij) * weight_of columns (snd ij)))
                                          (number_at x k (fst ij) (snd ij)))
                       (sheet_places x))
    end.

  (** A single pixel. *)
  Definition pooled_sheet (p : pool_kind) (rows columns : extra) (x : sheet) : sheet :=
    sheet_of 1 1 (sheet_channels x)
             (match p with
              | PoolMean => Num.mul (sheet_unit x) (pool_positions rows columns x)
              | _ => sheet_unit x
              end)
             (fun _ _ => tabulated (sheet_channels x) (pooled_number p rows columns x)).

  (** * Networks *)

  Section OfStatement.
    Variable st : statement.

    (** What the network reads. *)
    Definition read_sheet (x : sheet) : sheet :=
      if bytes st
      then let c := of_Z 255 in
           changed (Num.mul (sheet_unit x) (Num.add (bright st) (Num.opp (dark st))))
                   (fun v => Num.mul c (Num.add (Num.mul v (grid st))
                                                (Num.opp (Num.mul (dark st) (sheet_unit x))))) x
      else x.

    Definition stem_sheet (x : sheet) : sheet := apply_layers (stem st) (read_sheet x).

    (** From the pooled channels, a single pixel, to the logits. *)
    Definition logits_sheet (pooled : sheet) : sheet := apply_layers (head_layers st) pooled.

    (** The channels that layers and heads look at are there, and there is a logit for each class. *)
    Definition channels_okb : bool :=
      match channels_after (stem st ++ head_layers st) (channels st) with
      | Some n => (N.of_nat (length (classes st)) <=? n)%N
      | None => false
      end.

    (** * Features *)

    (** The pixels in the unit of the sheet times that of the task's numbers. *)
    Definition fine_sheet (x : sheet) : sheet := changed (Num.mul (sheet_unit x) (grid st)) (Num.mul (grid st)) x.

    (** A template's places with their intervals, their ends times [unit]. *)
    Definition template_cells (unit : number) (g : feature) (box : list (number * number))
        : list (place * (number * number)) :=
      map (fun p => let '(k, i, j) := p in
             (p, match entry g box k i j with
                 | Some ab => (Num.mul unit (fst ab), Num.mul unit (snd ab))
                 | None => (Num.zero, Num.zero)
                 end))
          (window_places st g 0 0).

    Definition excess_part (x : sheet) (r c : Z) (t : place * (number * number)) : number :=
      let '(k, i, j, (a, b)) := t in
      let v := number_at x (Z.of_N k) (r + i) (c + j) in
      Num.add (largest Num.zero (Num.add v (Num.opp b))) (largest Num.zero (Num.add a (Num.opp v))).

    Definition excess_number (x : sheet) (cells : list (place * (number * number))) (r c : Z) : number :=
      sum_of (map (excess_part x r c) cells).

    (** The corners of a feature's windows. *)
    Definition corners (x : sheet) (g : feature) : list (Z * Z) :=
      list_prod (Axis.span 0 (sheet_height x - f_rows g + 1)) (Axis.span 0 (sheet_width x - f_columns g + 1)).

    (** The excesses of all windows over all templates, in the fine sheet's unit. *)
    Definition excesses (unit : number) (fine : sheet) (g : feature) : list number :=
      flat_map (fun box => let cells := template_cells unit g box in
                           map (fun rc => excess_number fine cells (fst rc) (snd rc)) (corners fine g))
               (f_templates g).

    Definition containsb (l : list number) : bool := existsb (fun e => Num.eqb e Num.zero) l.

    (** Each is the gap or more, over [unit]. *)
    Definition avoidsb (unit : number) (g : feature) (l : list number) : bool :=
      forallb (fun e => Num.leb (Num.mul (over (f_gap g)) unit) (Num.mul e (under (f_gap g)))) l.

    (** More than nothing, and the gap or more: it does not matter what an excess is beyond that. *)
    Definition far (unit : number) (g : feature) (e : number) : bool :=
      negb (Num.leb e Num.zero) && Num.leb (Num.mul (over (f_gap g)) unit) (Num.mul e (under (f_gap g))).

    (** The sum of [e] and of the parts of an excess, or what of it is enough. *)
    Fixpoint excess_until (enough : number -> bool) (x : sheet) (r c : Z) (e : number)
        (cells : list (place * (number * number))) : number :=
      match cells with
      | [] => e
      | t :: cells => if enough e then e else excess_until enough x r c (Num.add e (excess_part x r c t)) cells
      end.

    (** As [excesses], but those that get far are not added up to their end. *)
    Definition excesses_until_far (unit : number) (fine : sheet) (g : feature) : list number :=
      flat_map (fun box => let cells := template_cells unit g box in
                           map (fun rc => excess_until (far (sheet_unit fine) g) fine (fst rc) (snd rc) Num.zero cells)
                               (corners fine g))
               (f_templates g).

    (** For every feature: does the image contain it, does it avoid it? *)
    Definition feature_states (x : sheet) : list (bool * bool) :=
      let fine := fine_sheet x in
      map (fun g => let l := excesses_until_far (sheet_unit x) fine g in (containsb l, avoidsb (sheet_unit fine) g l))
          (features st).

    (** * Labels *)

    Section States.
      Variable states : list (bool * bool).

      Definition alternative_true (a : alternative) : bool :=
        forallb (fun n => match nth_error states n with Some s => fst s | None => true end) (requires a)
        && forallb (fun n => match nth_error states n with Some s => snd s | None => true end) (forbids a).

      Definition formula_true (c : class) : bool :=
        match c with AnyOf l => existsb alternative_true l | Otherwise => false end.

      Definition class_true (c : class) : bool :=
        match c with AnyOf _ => formula_true c | Otherwise => forallb (fun c => negb (formula_true c)) (classes st) end.

      Definition true_classes : list nat :=
        filter (fun y => match nth_error (classes st) y with Some c => class_true c | None => false end)
               (numbers_of (classes st)).

      (** The class that holds, if it is the only one. *)
      Definition label_in : option nat := match true_classes with [y] => Some y | _ => None end.

      Definition decidedb : bool := forallb (fun s => fst s || snd s) states.
    End States.

    Definition label_of (x : sheet) : option nat := label_in (feature_states x).

    (** There is a pixel, and all lie in the pixel range. *)
    Definition is_imageb (x : sheet) : bool :=
      ((1 <=? sheet_height x) && (1 <=? sheet_width x))%Z
      && forallb (fun ij => forallb (fun k =>
           let v := Num.mul (grid st) (number_at x k (fst ij) (snd ij)) in
           Num.leb (Num.mul (dark st) (sheet_unit x)) v && Num.leb v (Num.mul (bright st) (sheet_unit x)))
             (Axis.span 0 (Z.of_N (channels st)))) (sheet_places x).

    Definition admissibleb (x : sheet) : bool :=
      is_imageb x && let states := feature_states x in
                     decidedb states && match label_in states with Some _ => true | None => false end.

    (** * All that there is to say about one image *)

    Record evaluation := Evaluated {
      e_stem : sheet; e_pooled : sheet; e_logits : sheet;
      e_states : list (bool * bool); e_is_image : bool; e_label : option nat
    }.

    Definition evaluate (x : sheet) : evaluation :=
      let out := stem_sheet x in
      let pooled := pooled_sheet (pool st) no_extra no_extra out in
      let states := feature_states x in
      Evaluated out pooled (logits_sheet pooled) states (is_imageb x) (label_in states).

    (** * Witnesses *)

    (** The core has [core_height] rows and [core_width] columns; its row number [repeated_row] and its column number
        [repeated_column] are repeated until the image has its size. *)
    Record witness := Witness {
      core_height : Z; core_width : Z;
      full_height : Z; full_width : Z;
      repeated_row : Z; repeated_column : Z;
      core_unit : number;
      core_numbers : list (list (list number))
    }.

    Definition core_sheet (w : witness) : sheet :=
      sheet_of_lists (core_height w) (core_width w) (Z.of_N (channels st)) (core_unit w) (core_numbers w).

    (** The line of the core that is line i where line p comes [more] times more. *)
    Definition unstretched (p more i : Z) : Z :=
      (if i <? p then i else if i <=? p + more then p else i - more)%Z.

    (** The image of height h and width w. *)
    Definition stretched (w : witness) (core : sheet) (height width : Z) : sheet :=
      sheet_of height width (sheet_channels core) (sheet_unit core) (fun i j =>
        match cell_at core (unstretched (repeated_row w) (height - core_height w) i)
                           (unstretched (repeated_column w) (width - core_width w) j) with
        | Some cell => cell
        | None => PositiveMap.empty _
        end).

    Definition witness_sheet (w : witness) : sheet := stretched w (core_sheet w) (full_height w) (full_width w).

    (** ** Long runs *)

    (** The positions of a layer whose windows lie in the lines from [fst run] to [snd run] - 1. *)
    Definition run_above (l : Axis.level) (run : Z * Z) : Z * Z :=
      (- ((- (fst run + Axis.before l)) / Axis.stride l),
       (snd run + Axis.before l - Axis.kernel l) / Axis.stride l + 1)%Z.

    (** After all levels, if there are such positions at each. *)
    Fixpoint run_through (levels : list Axis.level) (run : Z * Z) : option (Z * Z) :=
      match levels with
      | [] => Some run
      | l :: levels =>
          let run := run_above l run in if (fst run <? snd run)%Z then run_through levels run else None
      end.

    (** How many steps of the stem may be left out of a run: the core has [core] lines, the image [full], line [p] is
        the repeated one. Gives the length of the smaller image, and which position stands for the others. *)
    Definition shorter (levels : list Axis.level) (sizes : list Z) (core full p : Z) : Z * extra :=
      let step := Axis.step levels in
      let reach := fold_right Z.max (Axis.field levels) sizes in
      let steps := Z.max 0 ((full - core + 2 - reach - 2 * step) / step + 1) in
      let length := (full - steps * step)%Z in
      let run := (p, p + (length - core) + 1)%Z in
      if ((core <=? length) && forallb (fun size => match run_through [Axis.Level size 1 0 0] run with
                                                    | Some _ => true
                                                    | None => false
                                                    end) sizes)%Z
      then match run_through levels run with
           | Some (first, _) => (length, Extra first steps)
           | None => (full, no_extra)
           end
      else (full, no_extra).

    Definition within (least : Z) (most : option Z) (n : Z) : bool :=
      (least <=? n)%Z && match most with Some m => (n <=? m)%Z | None => true end.

    (** Logit y leads every other by the margin. *)
    Definition leads_by_margin (logits : sheet) (y : nat) : bool :=
      let logit z := number_at logits (Z.of_nat z) 0 0 in
      forallb (fun z => (z =? y)%nat
                        || Num.leb (Num.mul (over (margin st)) (sheet_unit logits))
                                   (Num.mul (Num.add (logit y) (Num.opp (logit z))) (under (margin st))))
              (numbers_of (classes st)).

    Definition check_witness (y : nat) (w : witness) : bool :=
      ((0 <=? repeated_row w) && (repeated_row w <? core_height w) && (core_height w <=? full_height w)
       && (0 <=? repeated_column w) && (repeated_column w <? core_width w) && (core_width w <=? full_width w))%Z
      && within (least_height st) (most_height st) (full_height w)
      && within (least_width st) (most_width st) (full_width w)
      && positive (core_unit w)
      && let (height, rows) := shorter (row_levels (stem st)) (map f_rows (features st))
                                       (core_height w) (full_height w) (repeated_row w) in
         let (width, columns) := shorter (column_levels (stem st)) (map f_columns (features st))
                                         (core_width w) (full_width w) (repeated_column w) in
         let x := stretched w (core_sheet w) height width in
         let states := feature_states x in
         is_imageb x && decidedb states
         && match label_in states with Some z => (z =? y)%nat | None => false end
         && leads_by_margin (logits_sheet (pooled_sheet (pool st) rows columns (stem_sheet x))) y.

    (** One for each class in order. *)
    Definition check_witnesses (l : list witness) : bool :=
      channels_okb && each check_witness (numbers_of (classes st)) l.
  End OfStatement.

  Definition check_certificate (st : statement) (cert : certificate) (l : list witness) : bool :=
    check_instance st cert && check_witnesses st l.
End Evaluation.
