using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>
/// Of many nodes not all are looked at, but for attempts that are kept apart, with as much company as they like: two tables, one with such
/// attempts alone, give the same slots.
/// </summary>
public sealed class RankedNodesTests(ITestOutputHelper output)
{
    private static readonly Isolation s_anyCompany = new(int.MaxValue, TimeSpan.FromDays(1));

    [Fact]
    public void AnySequence_ManyNodes_TheBestOfThemAllIsTaken()
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 0; seed < 20; seed++)
        {
            new Pair(seed, counts).Run(steps: 600);
        }

        output.WriteLine(string.Join(", ", counts.Select(c => $"{c.Value} {c.Key}")));
        string[] all = ["granted", "full", "loaded there", "near", "lost node"];
        Assert.All(all, what => Assert.True(counts.GetValueOrDefault(what) > 50, $"the sequences are too tame: {what}"));
    }

    [Fact]
    public void TryTake_ManyNodes_OnlyThoseWithASlotAreNamed()
    {
        var table = new SlotTable();
        table.Configure(Config([new AgentConfig { Name = "a", MaxConcurrency = 1 }], []));
        for (var i = 0; i < 40; i++)
        {
            table.PutNode(new NodeState { Name = $"n{i:00}", WarmAgents = i == 7 ? ["a"] : [] });
        }

        var placements = Enumerable.Range(0, 40).Select(_ => table.TryTake("a")!.Placement).ToArray();

        Assert.Equal(("n07", "the agent is loaded there; next is 'n00'"), (placements[0].Node, placements[0].Why));
        Assert.Equal(["n07", .. Enumerable.Range(0, 15).Select(i => $"n{(i < 7 ? i : i + 1):00}")], placements[0].Candidates.Select(c => c.Node));
        Assert.Equal(("n39", "the only node with a free slot"), (placements[39].Node, placements[39].Why));
        Assert.Single(placements[39].Candidates);
        Assert.Null(table.TryTake("a"));
    }

    private static GridConfig Config(IEnumerable<AgentConfig> agents, IEnumerable<QueueConfig> queues) => new()
    {
        Agents = agents.ToImmutableSortedDictionary(a => a.Name, a => a),
        Queues = queues.ToImmutableSortedDictionary(q => q.Name, q => q),
    };

    private sealed class Pair
    {
        private static readonly string[] s_agents = ["a", "b", "c", "d", "e"];
        private static readonly string[] s_queues = ["gpu", "cpu"];

        private readonly Random _random;
        private readonly SortedDictionary<string, int> _counts;
        private readonly SlotTable _ranked = new();
        private readonly SlotTable _whole = new();
        private readonly List<string> _nodes = [];
        private readonly List<(TakenSlot Ranked, TakenSlot Whole)> _held = [];
        private readonly int _seed;

        public Pair(int seed, SortedDictionary<string, int> counts)
        {
            (_seed, _random, _counts) = (seed, new Random(seed), counts);
            Configure();
            for (var i = 0; i < 30; i++)
            {
                PutNode($"n{i:00}");
            }
        }

        public void Run(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                switch (_random.Next(20))
                {
                    case 0 when _random.Next(10) == 0: Configure(); break;
                    case 0 when _random.Next(4) == 0: RemoveNode(); break;
                    case 0 or 1: PutNode($"n{_random.Next(36):00}"); break;
                    case < 8 when _held.Count > 0: Release(); break;
                    default: Take(i); break;
                }
            }
        }

        private void Take(int step)
        {
            var (agent, near) = (Any(s_agents), _random.Next(3) == 0 ? Any(_nodes) : null);
            var ranked = _ranked.TryTake(agent, near);
            var request = new SlotRequest(agent, 0, DateTimeOffset.MaxValue, new Nobody()) { Near = near, Isolation = s_anyCompany };
            _whole.Wait(request);
            if (!_whole.Withdraw(request))
            {
                Assert.NotNull(ranked);
                _held.Add((ranked, request.Granted!));
            }
            var at = $"seed {_seed}, step {step}: {agent}, near {near}";
            Assert.True(ranked?.Node == request.Granted?.Node && ranked?.Gpu == request.Granted?.Gpu,
                $"{at}: {ranked?.Node} is taken, and {request.Granted?.Node} is the best");
            Count(ranked is null ? "full" : "granted");
            if (ranked is null)
            {
                return;
            }
            var free = request.Granted!.Placement.Candidates.Where(c => c.FreeSlots > 0).Select(c => c.InWords());
            Assert.Equal(free, ranked.Placement.Candidates.Select(c => c.InWords()));
            if (ranked.Placement.Candidates[0].Note is { } note)
            {
                Count(note.Contains("agent") ? "loaded there" : "near");
            }
        }

        private void Release()
        {
            var at = _random.Next(_held.Count);
            _ranked.Release(_held[at].Ranked);
            _whole.Release(_held[at].Whole);
            _held.RemoveAt(at);
        }

        private void PutNode(string name)
        {
            var node = new NodeState
            {
                Name = name,
                Queues = _random.Next(4) == 0 ? null : [Any(s_queues)],
                Agents = _random.Next(30) == 0 ? [.. s_agents.Where(_ => _random.Next(3) > 0)] : null,
                Gpus = _random.Next(6) == 0 ? null :
                [
                    .. Enumerable.Range(0, _random.Next(3)).Select(i => new GpuState(i, "gpu", _random.Next(3, 9), _random.Next(3), _random.Next(3))
                    {
                        WarmAgents = _random.Next(2) == 0 ? [] : [Any(s_agents)],
                    }),
                ],
                Draining = _random.Next(8) == 0,
                WarmAgents = _random.Next(2) == 0 ? [] : [Any(s_agents)],
            };
            _ranked.PutNode(node);
            _whole.PutNode(node);
            if (!_nodes.Contains(name))
            {
                _nodes.Add(name);
            }
        }

        private void RemoveNode()
        {
            var name = Any(_nodes);
            _nodes.Remove(name);
            _ranked.RemoveNode(name);
            _whole.RemoveNode(name);
            Count("lost node");
        }

        private void Configure()
        {
            var config = Config(
                s_agents.Select(name => new AgentConfig
                {
                    Name = name,
                    MaxConcurrency = _random.Next(1, 4),
                    MaxConcurrencyTotal = _random.Next(4) == 0 ? 20 : null,
                    Queue = Any(s_queues),
                    Resources = new AgentResources(_random.Next(2) == 0 ? 0 : _random.Next(5)),
                }),
                s_queues.Select(q => new QueueConfig(q, _random.Next(3) == 0 ? null : _random.Next(2, 5))));
            _ranked.Configure(config);
            _whole.Configure(config);
        }

        private T Any<T>(IReadOnlyList<T> of) => of[_random.Next(of.Count)];

        private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;
    }

    private sealed class Nobody : ISlotWaiter
    {
        public void OnGranted(TakenSlot slot)
        {
        }

        public void OnDrained()
        {
        }

        public void OnAgentGone()
        {
        }
    }
}
