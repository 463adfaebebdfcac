
val negb : bool -> bool

val option_map : ('a1 -> 'a2) -> 'a1 option -> 'a2 option

val fst : ('a1 * 'a2) -> 'a1

val snd : ('a1 * 'a2) -> 'a2

val length : 'a1 list -> Integers.t

val app : 'a1 list -> 'a1 list -> 'a1 list



val bool_dec : bool -> bool -> bool

val eqb : bool -> bool -> bool

module type TotalLeBool' =
 sig
  type t

  val leb : t -> t -> bool
 end

module Nat :
 sig
 end

module Pos :
 sig
  type mask =
  | IsNul
  | IsPos of Integers.positive
  | IsNeg
 end

module Coq_Pos :
 sig
  val succ : Integers.positive -> Integers.positive

  val add : Integers.positive -> Integers.positive -> Integers.positive

  val add_carry : Integers.positive -> Integers.positive -> Integers.positive

  val pred_double : Integers.positive -> Integers.positive

  type mask = Pos.mask =
  | IsNul
  | IsPos of Integers.positive
  | IsNeg

  val succ_double_mask : mask -> mask

  val double_mask : mask -> mask

  val double_pred_mask : Integers.positive -> mask

  val sub_mask : Integers.positive -> Integers.positive -> mask

  val sub_mask_carry : Integers.positive -> Integers.positive -> mask

  val mul : Integers.positive -> Integers.positive -> Integers.positive

  val iter : ('a1 -> 'a1) -> 'a1 -> Integers.positive -> 'a1

  val compare_cont :
    Integers.order -> Integers.positive -> Integers.positive -> Integers.order

  val compare : Integers.positive -> Integers.positive -> Integers.order

  val eqb : Integers.positive -> Integers.positive -> bool

  val iter_op : ('a1 -> 'a1 -> 'a1) -> Integers.positive -> 'a1 -> 'a1

  val to_nat : Integers.positive -> Integers.t

  val of_succ_nat : Integers.t -> Integers.positive

  val eq_dec : Integers.positive -> Integers.positive -> bool
 end

module N :
 sig
  val succ_double : Integers.t -> Integers.t

  val double : Integers.t -> Integers.t

  val pos_div_eucl :
    Integers.positive -> Integers.t -> Integers.t * Integers.t

  val div_eucl : Integers.t -> Integers.t -> Integers.t * Integers.t
 end

module Z :
 sig
  val double : Integers.t -> Integers.t

  val succ_double : Integers.t -> Integers.t

  val pred_double : Integers.t -> Integers.t

  val pos_sub : Integers.positive -> Integers.positive -> Integers.t

  val pow_pos : Integers.t -> Integers.positive -> Integers.t

  val pow : Integers.t -> Integers.t -> Integers.t

  val pos_div_eucl :
    Integers.positive -> Integers.t -> Integers.t * Integers.t

  val div_eucl : Integers.t -> Integers.t -> Integers.t * Integers.t
 end

val hd : 'a1 -> 'a1 list -> 'a1

val tl : 'a1 list -> 'a1 list

val in_dec : ('a1 -> 'a1 -> bool) -> 'a1 -> 'a1 list -> bool

val nth : Integers.t -> 'a1 list -> 'a1 -> 'a1

val nth_error : 'a1 list -> Integers.t -> 'a1 option

val list_eq_dec : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 list -> bool

val map : ('a1 -> 'a2) -> 'a1 list -> 'a2 list

val flat_map : ('a1 -> 'a2 list) -> 'a1 list -> 'a2 list

val fold_left : ('a1 -> 'a2 -> 'a1) -> 'a2 list -> 'a1 -> 'a1

val fold_right : ('a2 -> 'a1 -> 'a1) -> 'a1 -> 'a2 list -> 'a1

val existsb : ('a1 -> bool) -> 'a1 list -> bool

val forallb : ('a1 -> bool) -> 'a1 list -> bool

val filter : ('a1 -> bool) -> 'a1 list -> 'a1 list

val find : ('a1 -> bool) -> 'a1 list -> 'a1 option

val combine : 'a1 list -> 'a2 list -> ('a1 * 'a2) list

val list_prod : 'a1 list -> 'a2 list -> ('a1 * 'a2) list

val seq : Integers.t -> Integers.t -> Integers.t list

val repeat : 'a1 -> Integers.t -> 'a1 list

module type Numbers =
 sig
  type t

  val zero : t

  val one : t

  val add : t -> t -> t

  val mul : t -> t -> t

  val gcd : t -> t -> t

  val div : t -> t -> t

  val opp : t -> t

  val eqb : t -> t -> bool

  val leb : t -> t -> bool
 end

type alternative = { requires : Integers.t list; forbids : Integers.t list }

type class0 =
| AnyOf of alternative list
| Otherwise

module PositiveMap :
 sig
  type key = Integers.positive

  type 'a tree =
  | Leaf
  | Node of 'a tree * 'a option * 'a tree

  type 'a t = 'a tree

  val empty : 'a1 t

  val find : key -> 'a1 t -> 'a1 option

  val add : key -> 'a1 -> 'a1 t -> 'a1 t
 end

module Sort :
 functor (X:TotalLeBool') ->
 sig
  val merge : X.t list -> X.t list -> X.t list

  val merge_list_to_stack :
    X.t list option list -> X.t list -> X.t list option list

  val merge_stack : X.t list option list -> X.t list

  val iter_merge : X.t list option list -> X.t list -> X.t list

  val sort : X.t list -> X.t list

  val flatten_stack : X.t list option list -> X.t list
 end

type level = { kernel : Integers.t; stride : Integers.t; before : Integers.t;
               after : Integers.t }

val above : level -> Integers.t -> Integers.t

val start : level list -> Integers.t -> Integers.t

val field : level list -> Integers.t

val step : level list -> Integers.t

val positions : level list -> Integers.t -> Integers.t

val defined_at : level list -> Integers.t -> bool

val clip : Integers.t -> Integers.t -> Integers.t -> Integers.t * Integers.t

type signature_t = (Integers.t * Integers.t) list

val signature : level list -> Integers.t -> Integers.t -> signature_t

val ending : level list -> Integers.t -> Integers.t

val unclipped : level list -> Integers.t -> Integers.t

val first_inside : level list -> Integers.t

type sight_t = Integers.t * signature_t

val sight : level list -> Integers.t -> Integers.t -> Integers.t -> sight_t

val span : Integers.t -> Integers.t -> Integers.t list

val first_seeing : level list -> Integers.t -> Integers.t -> Integers.t

val last_seeing : level list -> Integers.t -> Integers.t

val seeing :
  level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t list

val sights :
  level list -> Integers.t -> Integers.t -> Integers.t -> sight_t list

val apart : level list -> Integers.t -> Integers.t

val settledb : level list -> Integers.t -> Integers.t -> Integers.t -> bool

val settle :
  level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t ->
  Integers.t option

val settling_length :
  level list -> Integers.t -> Integers.t -> Integers.t option

val stands : level list -> Integers.t -> Integers.t -> Integers.t

val representatives :
  level list -> Integers.t -> Integers.t -> Integers.t -> Integers.t option
  -> Integers.t list option

val kinds : level list -> Integers.t list -> signature_t list

val sight_classes :
  level list -> Integers.t -> Integers.t list -> sight_t list list

module NumbersOrder :
 sig
  type t = Integers.t

  val leb : Integers.t -> Integers.t -> bool
 end

module NumbersSort :
 sig
  val merge : Integers.t list -> Integers.t list -> Integers.t list

  val merge_list_to_stack :
    Integers.t list option list -> Integers.t list -> Integers.t list option
    list

  val merge_stack : Integers.t list option list -> Integers.t list

  val iter_merge :
    Integers.t list option list -> Integers.t list -> Integers.t list

  val sort : Integers.t list -> Integers.t list

  val flatten_stack : Integers.t list option list -> Integers.t list
 end

module Rounding :
 functor (Num:Numbers) ->
 sig
  val positive : Num.t -> bool

  val negative : Num.t -> bool

  val absolute : Num.t -> Num.t

  val largest : Num.t -> Num.t -> Num.t

  type term = Integers.t * Num.t

  type form = { terms : term list; constant : Num.t }

  val terms : form -> term list

  val constant : form -> Num.t

  val nothing : form

  val just : Num.t -> form

  val times : Num.t -> Integers.t -> form

  val add_terms : term list -> term list -> term list

  val add : form -> form -> form

  val scale : Num.t -> form -> form

  val minus : form -> form -> form

  val pairwise : form list -> form list

  val halving : form list -> form list -> form

  val total : form list -> form

  val divisor : form -> Num.t

  val primitive : form -> form

  val same_terms : term list -> term list -> bool

  type gate =
  | ReluOf of form
  | MaxOf of form * form list

  val gate_rect : (form -> 'a1) -> (form -> form list -> 'a1) -> gate -> 'a1

  val gate_rec : (form -> 'a1) -> (form -> form list -> 'a1) -> gate -> 'a1

  type node = { variable : Integers.t; node_scale : Num.t; node_gate : gate }

  val variable : node -> Integers.t

  val node_scale : node -> Num.t

  val node_gate : node -> gate

  val arguments : gate -> form list

  val scaled : node -> form

  val node_rows : node -> form list

  type atom =
  | Contains of Integers.t
  | Exhibits of Integers.t * Integers.t
  | Chosen of Integers.t * Integers.t
  | Avoided of Integers.t

  val atom_rect :
    (Integers.t -> 'a1) -> (Integers.t -> Integers.t -> 'a1) -> (Integers.t
    -> Integers.t -> 'a1) -> (Integers.t -> 'a1) -> atom -> 'a1

  val atom_rec :
    (Integers.t -> 'a1) -> (Integers.t -> Integers.t -> 'a1) -> (Integers.t
    -> Integers.t -> 'a1) -> (Integers.t -> 'a1) -> atom -> 'a1

  type literal = bool * atom

  val negation : literal -> literal

  val literal_eq_dec : literal -> literal -> bool

  type sequent = { size : Integers.t; before_nodes : form list;
                   nodes : node list; after_nodes : form list;
                   clauses : literal list list;
                   switched : (literal -> form list); goal : form }

  val size : sequent -> Integers.t

  val before_nodes : sequent -> form list

  val nodes : sequent -> node list

  val after_nodes : sequent -> form list

  val clauses : sequent -> literal list list

  val switched : sequent -> literal -> form list

  val goal : sequent -> form

  val initial_rows : sequent -> form list

  type combination = (Integers.t * Num.t) list

  type step =
  | Lin of combination
  | Sub of (Integers.t * Num.t) option * Integers.t * Num.t
     * (Integers.t * Num.t) list
  | Chord of Integers.t * Integers.t * Integers.t
  | Maxle of Integers.t * Num.t * (Integers.t * Num.t) option list

  val step_rect :
    (combination -> 'a1) -> ((Integers.t * Num.t) option -> Integers.t ->
    Num.t -> (Integers.t * Num.t) list -> 'a1) -> (Integers.t -> Integers.t
    -> Integers.t -> 'a1) -> (Integers.t -> Num.t -> (Integers.t * Num.t)
    option list -> 'a1) -> step -> 'a1

  val step_rec :
    (combination -> 'a1) -> ((Integers.t * Num.t) option -> Integers.t ->
    Num.t -> (Integers.t * Num.t) list -> 'a1) -> (Integers.t -> Integers.t
    -> Integers.t -> 'a1) -> (Integers.t -> Num.t -> (Integers.t * Num.t)
    option list -> 'a1) -> step -> 'a1

  type rule =
  | Have of form
  | Split of Integers.t
  | Cut of form
  | Choose of Integers.t
  | Qed of combination

  val rule_rect :
    (form -> 'a1) -> (Integers.t -> 'a1) -> (form -> 'a1) -> (Integers.t ->
    'a1) -> (combination -> 'a1) -> rule -> 'a1

  val rule_rec :
    (form -> 'a1) -> (Integers.t -> 'a1) -> (form -> 'a1) -> (Integers.t ->
    'a1) -> (combination -> 'a1) -> rule -> 'a1

  type line =
  | Step of step
  | Close of rule

  val line_rect : (step -> 'a1) -> (rule -> 'a1) -> line -> 'a1

  val line_rec : (step -> 'a1) -> (rule -> 'a1) -> line -> 'a1

  type proof = line list

  type task = { more : form list; assumes : literal list; wanted : form }

  val more : task -> form list

  val assumes : task -> literal list

  val wanted : task -> form

  type table = { next : Integers.t; entries : form PositiveMap.t }

  val next : table -> Integers.t

  val entries : table -> form PositiveMap.t

  val empty_table : table

  val push : table -> form -> table

  val push_all : table -> form list -> table

  val row : table -> Integers.t -> form option

  val node_table : node list -> node PositiveMap.t

  val find_node : node PositiveMap.t -> Integers.t -> node option

  val find_relu : node PositiveMap.t -> Integers.t -> (node * form) option

  val multiples : table -> Integers.t -> combination -> form list option

  val combined : table -> combination -> form option

  val premise_form : table -> (Integers.t * Num.t) option -> form option

  val by_lin : table -> combination -> form option

  val relu_sums :
    node PositiveMap.t -> Integers.t -> (Integers.t * Num.t) list -> (form
    list * form list) option

  val by_sub :
    node PositiveMap.t -> table -> (Integers.t * Num.t) option -> Integers.t
    -> Num.t -> (Integers.t * Num.t) list -> form option

  val bound_of : form -> form -> bool -> (Num.t * Num.t) option

  val by_chord :
    node PositiveMap.t -> table -> Integers.t -> Integers.t -> Integers.t ->
    form option

  val upper_forms :
    table -> Num.t -> form list -> (Integers.t * Num.t) option list -> form
    list option

  val by_maxle :
    node PositiveMap.t -> table -> Integers.t -> Num.t ->
    (Integers.t * Num.t) option list -> form option

  val by_step : node PositiveMap.t -> table -> step -> form option

  val split_cases : node -> form list list

  val assumed_in : literal -> literal list -> bool

  val choices : sequent -> literal list -> literal list -> form -> task list

  val closes : form -> form -> bool

  val ascending : sequent -> Integers.t -> term list -> bool

  val written : sequent -> form -> form option

  val by_rule :
    sequent -> node PositiveMap.t -> table -> literal list -> form -> rule ->
    task list option

  type branch = { given : table; assumed : literal list; aim : form }

  val given : branch -> table

  val assumed : branch -> literal list

  val aim : branch -> form

  val opened : branch -> task -> branch

  val check_lines :
    sequent -> node PositiveMap.t -> proof -> branch -> branch list -> bool

  val check : sequent -> proof -> bool

  type ratio = { over : Num.t; under : Num.t }

  val over : ratio -> Num.t

  val under : ratio -> Num.t

  type stem_layer =
  | SConv of Integers.t * level * level
     * (((Integers.t * Integers.t) * Integers.t) * Num.t) list list
     * Num.t list * Num.t
  | SRelu
  | SMaxPool of level * level
  | SAvgPool of level * level

  val stem_layer_rect :
    (Integers.t -> level -> level ->
    (((Integers.t * Integers.t) * Integers.t) * Num.t) list list -> Num.t
    list -> Num.t -> 'a1) -> 'a1 -> (level -> level -> 'a1) -> (level ->
    level -> 'a1) -> stem_layer -> 'a1

  val stem_layer_rec :
    (Integers.t -> level -> level ->
    (((Integers.t * Integers.t) * Integers.t) * Num.t) list list -> Num.t
    list -> Num.t -> 'a1) -> 'a1 -> (level -> level -> 'a1) -> (level ->
    level -> 'a1) -> stem_layer -> 'a1

  type head_layer =
  | SDense of Integers.t * (Integers.t * Num.t) list list * Num.t list * Num.t
  | SDenseRelu

  val head_layer_rect :
    (Integers.t -> (Integers.t * Num.t) list list -> Num.t list -> Num.t ->
    'a1) -> 'a1 -> head_layer -> 'a1

  val head_layer_rec :
    (Integers.t -> (Integers.t * Num.t) list list -> Num.t list -> Num.t ->
    'a1) -> 'a1 -> head_layer -> 'a1

  type feature = { f_rows : Integers.t; f_columns : Integers.t;
                   f_gap : ratio; f_templates : (Num.t * Num.t) list list }

  val f_rows : feature -> Integers.t

  val f_columns : feature -> Integers.t

  val f_gap : feature -> ratio

  val f_templates : feature -> (Num.t * Num.t) list list

  type pool_kind =
  | PoolMax
  | PoolSum
  | PoolMean

  val pool_kind_rect : 'a1 -> 'a1 -> 'a1 -> pool_kind -> 'a1

  val pool_kind_rec : 'a1 -> 'a1 -> 'a1 -> pool_kind -> 'a1

  type statement = { least_height : Integers.t; least_width : Integers.t;
                     most_height : Integers.t option;
                     most_width : Integers.t option; margin : ratio;
                     grid : Num.t; channels : Integers.t; dark : Num.t;
                     bright : Num.t; bytes : bool; features : feature list;
                     classes : class0 list; stem : stem_layer list;
                     pool : pool_kind; head : head_layer list }

  val least_height : statement -> Integers.t

  val least_width : statement -> Integers.t

  val most_height : statement -> Integers.t option

  val most_width : statement -> Integers.t option

  val margin : statement -> ratio

  val grid : statement -> Num.t

  val channels : statement -> Integers.t

  val dark : statement -> Num.t

  val bright : statement -> Num.t

  val bytes : statement -> bool

  val features : statement -> feature list

  val classes : statement -> class0 list

  val stem : statement -> stem_layer list

  val pool : statement -> pool_kind

  val head : statement -> head_layer list

  val all : 'a1 option list -> 'a1 list option

  val bind : 'a1 option -> ('a1 -> 'a2 option) -> 'a2 option

  val strictly_sorted : ('a1 -> 'a1 -> bool) -> 'a1 list -> bool

  val of_positive : Integers.positive -> Num.t

  val of_Z : Integers.t -> Num.t

  val fits_ratio : ratio -> bool

  type quotient = { top : form; below : Num.t }

  val top : quotient -> form

  val below : quotient -> Num.t

  val variable_quotient : Integers.t -> quotient

  val lcm : Num.t -> Num.t -> Num.t

  val common : quotient list -> Num.t

  val over_common : Num.t -> quotient -> form option

  val combine : (Num.t * quotient) list -> Num.t -> Num.t -> quotient option

  val bounded : quotient -> bool -> ratio -> form

  type state = { count : Integers.t; gates : node list }

  val count : state -> Integers.t

  val gates : state -> node list

  val shared : Num.t -> form list -> Num.t

  val shorten : Num.t -> form -> form

  val shortened : Num.t -> form list -> Num.t * form list

  val is_constant : form -> bool

  val maximum_of : bool -> quotient list -> state -> (quotient * state) option

  type place = (Integers.t * Integers.t) * Integers.t

  val place_eqb : place -> place -> bool

  val key : place -> Integers.t

  val place_of : Integers.t -> place

  val without_repeats : Integers.t list -> Integers.t list

  val sorted : place list -> place list

  type known = (place * quotient) PositiveMap.t

  val nothing_known : known

  val find_place : known -> place -> quotient option

  val add_place : place -> quotient -> known -> known

  val weighted : known -> (Integers.t * Num.t) list -> quotient option

  val alone : Integers.t -> (Integers.t * Num.t) list

  type clip_t = Integers.t * Integers.t

  val here : clip_t -> Integers.t -> bool

  type view = { row_clip : clip_t; column_clip : clip_t;
                row_field : Integers.t; column_field : Integers.t }

  val row_clip : view -> clip_t

  val column_clip : view -> clip_t

  val row_field : view -> Integers.t

  val column_field : view -> Integers.t

  val in_field : view -> place -> bool

  val exists_in : view -> place -> bool

  val gather :
    view -> known -> (Num.t * place) list -> (Num.t * quotient) list option

  val row_levels_of : stem_layer -> level list

  val column_levels_of : stem_layer -> level list

  val row_levels : stem_layer list -> level list

  val column_levels : stem_layer list -> level list

  val corner : level -> level -> place -> Integers.t * Integers.t

  val window_cells : level -> level -> place -> (Num.t * place) list

  val window_taps :
    level -> level -> (((Integers.t * Integers.t) * Integers.t) * Num.t) list
    -> place -> (Num.t * place) list

  val channel_of : place -> Integers.t

  val sources : stem_layer -> place -> (Num.t * place) list

  val cells_number : level -> level -> Num.t

  val layer_place :
    stem_layer -> view -> known -> place -> state -> (quotient * state) option

  val places :
    (place -> state -> (quotient * state) option) -> place list -> known ->
    state -> (known * state) option

  val view_of : stem_layer list -> signature_t -> signature_t -> view

  val after_layer : stem_layer -> signature_t -> signature_t

  val unroll :
    stem_layer list -> signature_t -> signature_t -> place list list -> known
    -> state -> (known * state) option

  val needs :
    stem_layer list -> signature_t -> signature_t -> place list -> place list
    list

  type seen_window = ((Integers.t * Integers.t) * Integers.t) * Integers.t

  val find_template :
    statement -> Integers.t -> Integers.t -> (feature * (Num.t * Num.t) list)
    option

  val window_places :
    statement -> feature -> Integers.t -> Integers.t -> place list

  val entry :
    feature -> (Num.t * Num.t) list -> Integers.t -> Integers.t -> Integers.t
    -> (Num.t * Num.t) option

  val ends :
    statement -> seen_window option -> place -> (Num.t * Num.t) option

  val read_pixel : statement -> quotient -> quotient option

  val allocate :
    statement -> view -> seen_window option -> place list -> known -> known
    -> state -> ((((known * known) * form list) * (Num.t * Num.t)
    list) * state) option

  val strictly_below : Num.t -> Num.t -> bool

  val excess_terms :
    statement -> quotient -> (Num.t * Num.t) -> state -> (quotient
    list * state) option

  val window_terms :
    statement -> known -> feature -> (Num.t * Num.t) list -> Integers.t ->
    Integers.t -> place list -> state -> (quotient list * state) option

  val window_exists : view -> feature -> Integers.t -> Integers.t -> bool

  val clear_rows :
    statement -> view -> known -> seen_window list -> state -> (form
    list * state) option

  type local = { local_boxes : (Num.t * Num.t) list;
                 local_before : form list; local_state : state;
                 local_after : form list; local_value : quotient }

  val local_boxes : local -> (Num.t * Num.t) list

  val local_before : local -> form list

  val local_state : local -> state

  val local_after : local -> form list

  val local_value : local -> quotient

  val axis_levels : level list -> level list

  val row_axis : statement -> level list

  val column_axis : statement -> level list

  val image_view : statement -> signature_t -> signature_t -> view

  val local_at :
    statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
    seen_window list -> seen_window option -> local option

  val check_local :
    statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
    seen_window list -> seen_window option -> bool -> ratio -> proof -> bool

  type intervals = (Num.t * Num.t) PositiveMap.t

  val set_interval : Integers.t -> (Num.t * Num.t) -> intervals -> intervals

  val interval_of : Integers.t -> intervals -> (Num.t * Num.t) option

  val terms_interval : intervals -> term list -> (Num.t * Num.t) option

  val form_interval :
    Num.t -> intervals -> form -> Num.t -> (Num.t * Num.t) option

  val larger : (Num.t * Num.t) -> (Num.t * Num.t) -> Num.t * Num.t

  val node_interval : Num.t -> intervals -> node -> (Num.t * Num.t) option

  val node_intervals : Num.t -> intervals -> node list -> intervals option

  val pixel_intervals :
    Num.t -> Integers.t -> (Num.t * Num.t) list -> intervals

  val fine_grid : statement -> Num.t

  val interval_gives : Num.t -> (Num.t * Num.t) -> bool -> ratio -> bool

  val circuit_intervals :
    statement -> (Num.t * Num.t) list -> node list -> intervals option

  val check_box :
    statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
    seen_window option -> bool -> ratio -> bool

  val bounds_at :
    statement -> Integers.t list -> signature_t -> signature_t -> intervals

  val check_block :
    statement -> (Integers.t * Num.t) list -> signature_t -> signature_t ->
    seen_window option -> bool -> ratio -> proof option -> bool

  val check_kind :
    statement -> intervals -> Integers.t -> signature_t -> signature_t ->
    seen_window list -> bool -> ratio -> proof option -> bool

  type fact =
  | Floor of Integers.t * ratio * proof option list
  | Upper of Integers.t * ratio * Integers.t list
     * (seen_window list * proof option) list
  | Lower of Integers.t * Integers.t * Integers.t * ratio
     * ((Integers.t * Integers.t) * proof option) list
  | Joint of Integers.t * Integers.t * (Integers.t * Num.t) list * ratio
     * ((Integers.t * Integers.t) * proof option) list

  val fact_rect :
    (Integers.t -> ratio -> proof option list -> 'a1) -> (Integers.t -> ratio
    -> Integers.t list -> (seen_window list * proof option) list -> 'a1) ->
    (Integers.t -> Integers.t -> Integers.t -> ratio ->
    ((Integers.t * Integers.t) * proof option) list -> 'a1) -> (Integers.t ->
    Integers.t -> (Integers.t * Num.t) list -> ratio ->
    ((Integers.t * Integers.t) * proof option) list -> 'a1) -> fact -> 'a1

  val fact_rec :
    (Integers.t -> ratio -> proof option list -> 'a1) -> (Integers.t -> ratio
    -> Integers.t list -> (seen_window list * proof option) list -> 'a1) ->
    (Integers.t -> Integers.t -> Integers.t -> ratio ->
    ((Integers.t * Integers.t) * proof option) list -> 'a1) -> (Integers.t ->
    Integers.t -> (Integers.t * Num.t) list -> ratio ->
    ((Integers.t * Integers.t) * proof option) list -> 'a1) -> fact -> 'a1

  val about_windows :
    fact -> ((((Integers.t * Integers.t) * (Integers.t * Num.t)
    list) * ratio) * ((Integers.t * Integers.t) * proof option) list) option

  val single : level

  val as_stem : head_layer -> stem_layer

  val head_place : Integers.t -> place

  val head_layers : statement -> stem_layer list

  val head_signature : statement -> signature_t

  val fewest_positions : statement -> Integers.t

  val most_positions : statement -> Integers.t option

  val spread : statement -> bool -> ratio -> ratio option

  val floor_among : Integers.t -> fact list -> ratio option

  val blended_floor : fact list -> (Integers.t * Num.t) list -> ratio option

  val somewhere :
    statement -> fact list -> (Integers.t * Num.t) list -> ratio -> ratio
    option

  val bound_rows : quotient -> bool -> ratio option -> form list

  val plain_rows :
    statement -> fact list -> Integers.t -> quotient -> form list

  val allocate_pooled :
    statement -> fact list -> place list -> known -> state -> ((known * form
    list) * state) option

  val formula : statement -> Integers.t -> alternative list

  val is_otherwise : statement -> Integers.t -> bool

  val literals : alternative -> literal list

  val chosen_clauses : Integers.t -> alternative list -> literal list list

  val failed_clauses : alternative list -> literal list list

  val formula_clauses : statement -> Integers.t -> bool -> literal list list

  val mentioned : statement -> Integers.t list -> Integers.t -> bool

  val in_play : statement -> Integers.t list -> Integers.t list

  val template_clause : statement -> Integers.t -> literal list

  val numbered_facts : fact list -> (Integers.t * fact) list

  val avoided_clauses :
    statement -> fact list -> Integers.t list -> known -> literal list list

  val switched_rows : statement -> fact list -> known -> literal -> form list

  val head_clauses :
    statement -> fact list -> Integers.t list -> Integers.t list -> known ->
    literal list list

  val head_sequent :
    statement -> fact list -> Integers.t list -> Integers.t list ->
    (Num.t * Integers.t) list -> ratio -> sequent option

  val check_head :
    statement -> fact list -> Integers.t list -> Integers.t list ->
    (Num.t * Integers.t) list -> ratio -> proof -> bool

  type certificate = { facts : fact list;
                       rights : (ratio * proof) option list;
                       wrongs : (ratio * proof) option list;
                       pairs : ((Integers.t * Integers.t) * proof) list }

  val facts : certificate -> fact list

  val rights : certificate -> (ratio * proof) option list

  val wrongs : certificate -> (ratio * proof) option list

  val pairs : certificate -> ((Integers.t * Integers.t) * proof) list

  val smallest : Integers.t list -> Integers.t

  val greatest : Integers.t list -> Integers.t

  val row_lengths : statement -> Integers.t list option

  val column_lengths : statement -> Integers.t list option

  val distinct : ('a1 -> 'a1 -> bool) -> 'a1 list -> 'a1 list -> 'a1 list

  val clip_eq_dec :
    (Integers.t * Integers.t) -> (Integers.t * Integers.t) -> bool

  val signature_eq_dec : signature_t -> signature_t -> bool

  val sight_eq_dec : sight_t -> sight_t -> bool

  val kind_list : level list -> Integers.t list -> signature_t list

  val class_list :
    level list -> Integers.t -> Integers.t list -> sight_t list list

  val each : ('a1 -> 'a2 -> bool) -> 'a1 list -> 'a2 list -> bool

  val check_seen :
    statement -> Integers.t -> Integers.t -> (Integers.t * Num.t) list ->
    ratio -> (sight_t list * sight_t list) ->
    ((Integers.t * Integers.t) * proof option) -> bool

  val check_windows :
    statement -> Integers.t list -> Integers.t list -> Integers.t ->
    Integers.t -> (Integers.t * Num.t) list -> ratio ->
    ((Integers.t * Integers.t) * proof option) list -> bool

  val joint_okb : (Integers.t * Num.t) list -> bool

  type kind_table = ((signature_t * signature_t) * intervals) list

  val boxed_channels : fact list -> Integers.t list

  val bounded_kinds :
    statement -> Integers.t list -> Integers.t list -> Integers.t list ->
    kind_table

  val check_fact :
    statement -> kind_table -> Integers.t list -> Integers.t list -> fact ->
    bool

  val opposite : ratio -> ratio

  val leads : statement -> ratio -> ratio -> bool

  val numbers_of : 'a1 list -> Integers.t list

  val check_right :
    statement -> certificate -> Integers.t -> (ratio * proof) option -> bool

  val check_wrong :
    statement -> certificate -> Integers.t -> (ratio * proof) option -> bool

  val others : statement -> Integers.t -> Integers.t list

  val separated : statement -> certificate -> Integers.t -> Integers.t -> bool

  val check_pair :
    statement -> certificate -> Integers.t -> Integers.t -> bool

  val level_okb : level -> bool

  val layer_okb : stem_layer -> bool

  val feature_okb : feature -> bool

  val class_okb : statement -> class0 -> bool

  val statement_okb : statement -> bool

  val pairs_listed : statement -> certificate -> bool

  val floors_once : Integers.t list -> fact list -> bool

  val outputs_from : Integers.t -> stem_layer -> Integers.t

  val stem_outputs : statement -> Integers.t

  val widths_fit : Integers.t -> stem_layer list -> bool

  val earlier : seen_window -> seen_window -> bool

  val fact_formed : statement -> fact -> bool

  val largest_size : Integers.t

  val levels_small : level list -> bool

  val padding_below_window : level -> bool

  val feature_formed : statement -> feature -> bool

  val class_formed : class0 -> bool

  val at_least : Integers.t -> Integers.t option -> bool

  val statement_formed : statement -> bool

  val formed : statement -> certificate -> bool

  val check_instance : statement -> certificate -> bool

  type 'a array = 'a PositiveMap.t

  val slot : Integers.t -> Integers.positive

  val look : 'a1 array -> Integers.t -> 'a1 option

  val tabulated_from :
    (Integers.t -> 'a1) -> Integers.t -> Integers.t -> 'a1 array

  val tabulated : Integers.t -> (Integers.t -> 'a1) -> 'a1 array

  val listed_from : 'a1 list -> Integers.t -> 'a1 array

  val listed : 'a1 list -> 'a1 array

  val number_in : Num.t array -> Integers.t -> Num.t

  type sheet = { sheet_height : Integers.t; sheet_width : Integers.t;
                 sheet_channels : Integers.t; sheet_unit : Num.t;
                 sheet_cells : Num.t array array array }

  val sheet_height : sheet -> Integers.t

  val sheet_width : sheet -> Integers.t

  val sheet_channels : sheet -> Integers.t

  val sheet_unit : sheet -> Num.t

  val sheet_cells : sheet -> Num.t array array array

  val cell_at : sheet -> Integers.t -> Integers.t -> Num.t array option

  val number_at : sheet -> Integers.t -> Integers.t -> Integers.t -> Num.t

  val sheet_of :
    Integers.t -> Integers.t -> Integers.t -> Num.t -> (Integers.t ->
    Integers.t -> Num.t array) -> sheet

  val sheet_of_lists :
    Integers.t -> Integers.t -> Integers.t -> Num.t -> Num.t list list list
    -> sheet

  val sheet_numbers : sheet -> Num.t list list list

  val changed : Num.t -> (Num.t -> Num.t) -> sheet -> sheet

  val sheet_places : sheet -> (Integers.t * Integers.t) list

  val sum_of : Num.t list -> Num.t

  val largest_of : Num.t list -> Num.t

  val slid :
    level -> level -> sheet -> Integers.t -> Num.t -> (Integers.t ->
    Integers.t -> Num.t array) -> sheet

  type channel_weights = (Integers.positive * Num.t) list

  val by_place :
    Integers.t -> (((Integers.t * Integers.t) * Integers.t) * Num.t) list ->
    channel_weights array

  val place_weights :
    Integers.t -> Integers.t ->
    (((Integers.t * Integers.t) * Integers.t) * Num.t) list list ->
    channel_weights list array

  val part_of : Num.t array -> channel_weights -> Num.t

  val parts_of :
    channel_weights list array -> Num.t array -> Integers.t -> Num.t list

  val same_cell : Num.t array -> Num.t array -> bool

  val different_cells :
    Integers.t -> Num.t array list -> Num.t array list -> Num.t array list

  type prepared =
  | Plain of Num.t array
  | Ready of Num.t list array

  val prepared_rect :
    (Num.t array -> 'a1) -> (Num.t list array -> 'a1) -> prepared -> 'a1

  val prepared_rec :
    (Num.t array -> 'a1) -> (Num.t list array -> 'a1) -> prepared -> 'a1

  val prepare :
    (Num.t array * Num.t list array) list -> Num.t array -> prepared

  val prepared_parts :
    channel_weights list array -> prepared -> Integers.t -> Num.t list

  val mapped : ('a1 -> 'a2) -> 'a1 array -> 'a2 array

  val prepared_cells :
    Integers.t -> channel_weights list array -> sheet -> prepared array array

  val add_lists : Num.t list -> Num.t list -> Num.t list

  val window_outputs :
    channel_weights list array -> prepared array array ->
    ((Integers.t * Integers.t) * Integers.t) list -> Num.t list -> Integers.t
    -> Integers.t -> Num.t list

  val numbered_places :
    level -> level -> ((Integers.t * Integers.t) * Integers.t) list

  val cells_of :
    level -> level -> sheet -> Integers.t -> Integers.t -> Num.t array list

  val apply_layer : stem_layer -> sheet -> sheet

  val apply_layers : stem_layer list -> sheet -> sheet

  val channels_after : stem_layer list -> Integers.t -> Integers.t option

  type extra = { extra_at : Integers.t; extra_lines : Integers.t }

  val extra_at : extra -> Integers.t

  val extra_lines : extra -> Integers.t

  val no_extra : extra

  val weight_of : extra -> Integers.t -> Integers.t

  val pool_positions : extra -> extra -> sheet -> Num.t

  val pooled_number :
    pool_kind -> extra -> extra -> sheet -> Integers.t -> Num.t

  val pooled_sheet : pool_kind -> extra -> extra -> sheet -> sheet

  val read_sheet : statement -> sheet -> sheet

  val stem_sheet : statement -> sheet -> sheet

  val logits_sheet : statement -> sheet -> sheet

  val channels_okb : statement -> bool

  val fine_sheet : statement -> sheet -> sheet

  val template_cells :
    statement -> Num.t -> feature -> (Num.t * Num.t) list ->
    (place * (Num.t * Num.t)) list

  val excess_part :
    sheet -> Integers.t -> Integers.t -> (place * (Num.t * Num.t)) -> Num.t

  val excess_number :
    sheet -> (place * (Num.t * Num.t)) list -> Integers.t -> Integers.t ->
    Num.t

  val corners : sheet -> feature -> (Integers.t * Integers.t) list

  val excesses : statement -> Num.t -> sheet -> feature -> Num.t list

  val containsb : Num.t list -> bool

  val avoidsb : Num.t -> feature -> Num.t list -> bool

  val far : Num.t -> feature -> Num.t -> bool

  val excess_until :
    (Num.t -> bool) -> sheet -> Integers.t -> Integers.t -> Num.t ->
    (place * (Num.t * Num.t)) list -> Num.t

  val excesses_until_far :
    statement -> Num.t -> sheet -> feature -> Num.t list

  val feature_states : statement -> sheet -> (bool * bool) list

  val alternative_true : (bool * bool) list -> alternative -> bool

  val formula_true : (bool * bool) list -> class0 -> bool

  val class_true : statement -> (bool * bool) list -> class0 -> bool

  val true_classes : statement -> (bool * bool) list -> Integers.t list

  val label_in : statement -> (bool * bool) list -> Integers.t option

  val decidedb : (bool * bool) list -> bool

  val label_of : statement -> sheet -> Integers.t option

  val is_imageb : statement -> sheet -> bool

  val admissibleb : statement -> sheet -> bool

  type evaluation = { e_stem : sheet; e_pooled : sheet; e_logits : sheet;
                      e_states : (bool * bool) list; e_is_image : bool;
                      e_label : Integers.t option }

  val e_stem : evaluation -> sheet

  val e_pooled : evaluation -> sheet

  val e_logits : evaluation -> sheet

  val e_states : evaluation -> (bool * bool) list

  val e_is_image : evaluation -> bool

  val e_label : evaluation -> Integers.t option

  val evaluate : statement -> sheet -> evaluation

  type witness = { core_height : Integers.t; core_width : Integers.t;
                   full_height : Integers.t; full_width : Integers.t;
                   repeated_row : Integers.t; repeated_column : Integers.t;
                   core_unit : Num.t; core_numbers : Num.t list list list }

  val core_height : witness -> Integers.t

  val core_width : witness -> Integers.t

  val full_height : witness -> Integers.t

  val full_width : witness -> Integers.t

  val repeated_row : witness -> Integers.t

  val repeated_column : witness -> Integers.t

  val core_unit : witness -> Num.t

  val core_numbers : witness -> Num.t list list list

  val core_sheet : statement -> witness -> sheet

  val unstretched : Integers.t -> Integers.t -> Integers.t -> Integers.t

  val stretched : witness -> sheet -> Integers.t -> Integers.t -> sheet

  val witness_sheet : statement -> witness -> sheet

  val run_above :
    level -> (Integers.t * Integers.t) -> Integers.t * Integers.t

  val run_through :
    level list -> (Integers.t * Integers.t) -> (Integers.t * Integers.t)
    option

  val shorter :
    level list -> Integers.t list -> Integers.t -> Integers.t -> Integers.t
    -> Integers.t * extra

  val within : Integers.t -> Integers.t option -> Integers.t -> bool

  val leads_by_margin : statement -> sheet -> Integers.t -> bool

  val check_witness : statement -> Integers.t -> witness -> bool

  val check_witnesses : statement -> witness list -> bool

  val check_certificate : statement -> certificate -> witness list -> bool

  val finest : Num.t

  val two_23 : Num.t

  val two_24 : Num.t

  val two_108 : Num.t

  val two_126 : Num.t

  val two_130 : Num.t

  val two_149 : Num.t

  val two_276 : Num.t

  val lesser : Num.t -> Num.t -> Num.t

  val divided_up : Num.t -> Num.t -> Num.t

  val power_of_twob : Num.t -> bool

  val float32b : Num.t -> Num.t -> bool

  type span = { span_low : Num.t; span_high : Num.t; span_error : Num.t }

  val span_low : span -> Num.t

  val span_high : span -> Num.t

  val span_error : span -> Num.t

  type progress = { spans : span list; spacing : Num.t option }

  val spans : progress -> span list

  val spacing : progress -> Num.t option

  val span_size : span -> Num.t

  val with_zero : span -> span

  val relu_span : span -> span

  val is_padded : level -> level -> bool

  val padded_spans : level -> level -> span list -> span list

  type sums = { sum_low : Num.t; sum_high : Num.t; sum_size : Num.t;
                sum_error : Num.t; sum_terms : Num.t }

  val sum_low : sums -> Num.t

  val sum_high : sums -> Num.t

  val sum_size : sums -> Num.t

  val sum_error : sums -> Num.t

  val sum_terms : sums -> Num.t

  val sums_of_bias : Num.t -> sums

  val add_product : Num.t -> span -> sums -> sums

  val row_sums :
    span list -> Num.t -> (Integers.t * Num.t) list -> sums option

  val cell_sums : Num.t -> span -> sums

  val position_sums : Num.t -> span -> sums

  val roundings : sums -> Num.t

  val lost : Num.t -> sums -> Num.t

  val finished : bool -> Num.t -> sums -> span

  val exactly : Num.t -> sums list -> Num.t option -> bool

  val through_sums :
    Num.t -> bool -> Num.t option -> sums list -> progress option

  val tap_earlier :
    (((Integers.t * Integers.t) * Integers.t) * Num.t) ->
    (((Integers.t * Integers.t) * Integers.t) * Num.t) -> bool

  val float32_layer : stem_layer -> bool

  val tap_channel :
    (((Integers.t * Integers.t) * Integers.t) * Num.t) -> Integers.t * Num.t

  val round_layer : stem_layer -> progress -> progress option

  val round_layers : stem_layer list -> progress -> progress option

  val input_span : statement -> span

  val input_step : Num.t option -> Num.t option

  val round_input : statement -> Num.t option -> progress

  val round_pool : statement -> progress -> progress option

  val error_bound : statement -> Num.t option -> Num.t option

  val with_margin : statement -> ratio -> statement

  val demanded : statement -> Num.t -> ratio

  val exact_statement : statement -> Num.t option -> statement option

  val check_float : statement -> Num.t option -> certificate -> bool

  val check_float_certificate :
    statement -> Num.t option -> certificate -> witness list -> bool
 end
