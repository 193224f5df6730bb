%% What OTP does as a whole process, which bench.rivals.beam starts and measures.
%% Each function does the work, checks its sum and says the number of what it dealt with.
-module(bench_beam).
-behaviour(gen_server).
-export([main/1, start_child/1, idle/1]).
-export([init/1, handle_call/3, handle_cast/2]).

main([Work, Size]) ->
    N = list_to_integer(atom_to_list(Size)),
    ok = case Work of
        messages -> messages(N);
        casts -> casts(N);
        calls -> calls(N);
        children -> children(N)
    end,
    io:format("~p~n", [N]),
    halt(0, [{flush, true}]).

%% Numbers by `!`, from one process to another, each in a small tuple, as messages are in OTP; it
%% is copied. The queue is left on the heap: off it, this took a third more.
messages(N) ->
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {sum, take(N, 0)} end),
    send(Pid, 0, N),
    check_sum(N).

send(_Pid, N, N) -> ok;
send(Pid, I, N) -> Pid ! {number, I}, send(Pid, I + 1, N).

take(0, Sum) -> Sum;
take(Left, Sum) -> receive {number, I} -> take(Left - 1, Sum + I) end.

check_sum(N) ->
    receive {sum, Sum} -> Sum = N * (N - 1) div 2, ok end.

%% Numbers by gen_server:cast, and one call at the end, which is answered after all of them.
casts(N) ->
    {ok, Pid} = gen_server:start_link(?MODULE, server, []),
    cast(Pid, 0, N),
    Sum = gen_server:call(Pid, sum, infinity),
    Sum = N * (N - 1) div 2,
    ok.

cast(_Pid, N, N) -> ok;
cast(Pid, I, N) -> gen_server:cast(Pid, {number, I}), cast(Pid, I + 1, N).

%% gen_server:call from up to 100 processes at once, each with its share of the numbers.
calls(N) ->
    {ok, Pid} = gen_server:start_link(?MODULE, server, []),
    Clients = min(100, N),
    Share = N div Clients,
    Self = self(),
    [spawn_link(fun() -> Self ! {sum, ask(Pid, I * Share, (I + 1) * Share, 0)} end)
        || I <- lists:seq(0, Clients - 1)],
    Sum = lists:sum([receive {sum, Each} -> Each end || _ <- lists:seq(1, Clients)]),
    Count = Share * Clients,
    Sum = Count * (Count + 1) div 2,
    ok.

ask(_Pid, N, N, Sum) -> Sum;
ask(Pid, I, N, Sum) -> ask(Pid, I + 1, N, Sum + gen_server:call(Pid, {next, I}, infinity)).

%% Children of one supervisor: each is ready before the next is started; then all are stopped.
children(N) ->
    {ok, Pid} = supervisor:start_link(?MODULE, supervisor),
    Sum = start(Pid, 0, N, 0),
    Sum = N * (N - 1) div 2,
    N = proplists:get_value(active, supervisor:count_children(Pid)),
    unlink(Pid),
    Ref = monitor(process, Pid),
    exit(Pid, shutdown),
    receive {'DOWN', Ref, process, Pid, shutdown} -> ok end.

start(_Pid, N, N, Sum) -> Sum;
start(Pid, I, N, Sum) ->
    {ok, _Child, I} = supervisor:start_child(Pid, [I]),
    start(Pid, I + 1, N, Sum + I).

start_child(Number) -> proc_lib:start_link(?MODULE, idle, [Number]).

idle(Number) ->
    proc_lib:init_ack({ok, self(), Number}),
    receive stop -> ok end.

init(server) -> {ok, 0};
init(supervisor) ->
    Flags = #{strategy => simple_one_for_one, intensity => 5, period => 60},
    Child = #{id => child, start => {?MODULE, start_child, []}, restart => transient},
    {ok, {Flags, [Child]}}.

handle_call(sum, _From, Sum) -> {reply, Sum, Sum};
handle_call({next, I}, _From, Sum) -> {reply, I + 1, Sum}.

handle_cast({number, I}, Sum) -> {noreply, Sum + I}.
