using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Placement;
using AgentGrid.Runtime.Slots;

namespace AgentGrid.Embedded.Tests.Slots;

/// <summary>
/// Any sequence of takes, waits, releases, and of nodes that come, go and change, against a model that counts what runs
/// by itself.
/// </summary>
public sealed class RandomNodesTests
{
    [Fact]
    public void AnySequence_NothingIsOvercommittedAndNobodyWaitsForNothing()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var model = new Model(seed);
            for (var i = 0; i < 250; i++)
            {
                model.Step();
                model.Check();
            }
            model.ReleaseAll();
            model.Check();
        }
    }

    private sealed record Held(string Agent, string Node, int? Gpu, long Bytes);

    private sealed class Model
    {
        private static readonly string[] s_queues = ["q0", "q1"];

        private readonly Random _random;
        private readonly string _seed;
        private readonly bool _needsChange;
        private readonly long[] _needs;
        private readonly SlotTable _table = new();
        private readonly Dictionary<string, NodeState> _nodes = [];
        private readonly List<Held> _held = [];
        private readonly List<SlotRequest> _requests = [];
        private GridConfig _config = new();

        public Model(int seed)
        {
            _random = new Random(seed);
            _seed = $"seed {seed}";
            _needsChange = seed % 4 == 0;
            _needs = [0, _random.Next(1, 5), _random.Next(5)];
            Configure();
        }

        public void Step()
        {
            switch (_random.Next(20))
            {
                case 0: Configure(); break;
                case 1 or 2: PutNode(); break;
                case 3: RemoveNode(); break;
                case < 9: Take(); break;
                case < 13: Wait(); break;
                case 13 when _requests.Count > 0: Withdraw(); break;
                case 14 when _nodes.Count > 0: Adopt(); break;
                case >= 15 when _held.Count > 0: Release(); break;
                default: break; // nothing to withdraw or to release
            }
        }

        public void ReleaseAll()
        {
            _requests.ForEach(r => _table.Withdraw(r));
            _requests.Clear();
            while (_held.Count > 0)
            {
                Release();
            }
        }

        public void Check()
        {
            foreach (var usage in _table.Nodes())
            {
                var here = _held.Where(h => h.Node == usage.State.Name).ToList();
                That(usage.Agents.Sum(a => a.Running) == here.Count, "another number of attempts is counted than runs");
                foreach (var gpu in usage.State.Gpus ?? [])
                {
                    var leased = here.Where(h => h.Gpu == gpu.Index).Sum(h => h.Bytes);
                    var counted = usage.LeasedBytes.GetValueOrDefault(gpu.Index);
                    That(
                        counted == leased || (_needsChange && counted > leased && leased > 0),
                        "other memory is leased than is in use");
                }
            }
            if (_needsChange)
            {
                return; // more can be leased than is in use, so that the model does not know who has to wait
            }
            var idle = _requests.Find(r => r.Granted is null
                && _nodes.Values.Any(n => HasRoom(_config.Agents[r.Agent], n)));
            That(idle is null, $"a request for '{idle?.Agent}' waits though there is room");
        }

        // What is asked before a slot is taken, of what the model counts: it can be granted only into room.
        private bool HasRoom(AgentConfig agent, NodeState node)
        {
            var bytes = agent.Resources.GpuMemoryBytes;
            return !node.Draining
                && node.Queues?.Contains(agent.Queue) != false
                && _held.Count(h => h.Agent == agent.Name) < (agent.MaxConcurrencyTotal ?? int.MaxValue)
                && _held.Count(h => h.Agent == agent.Name && h.Node == node.Name) < agent.MaxConcurrency
                && _held.Count(h => _config.Agents[h.Agent].Queue == agent.Queue && h.Node == node.Name)
                    < (_config.Queues[agent.Queue].Slots ?? int.MaxValue)
                && (bytes == 0 || node.Gpus is not { } gpus || gpus.Any(g => FreeOn(node, g, agent.Name) >= bytes));
        }

        // What is in use counts for whoever is not part of it, together with all that may still be loading.
        private long FreeOn(NodeState node, GpuState gpu, string agent)
        {
            var here = _held.Where(h => h.Node == node.Name && h.Gpu == gpu.Index).ToList();
            var leased = here.Sum(h => h.Bytes);
            var loading = here.Where(h => !gpu.WarmAgents.Contains(h.Agent)).Sum(h => h.Bytes);
            var kept = gpu.UsedHereBytes > 0 && !gpu.WarmAgents.Contains(agent) ? gpu.UsedHereBytes + loading : 0;
            return gpu.TotalBytes - gpu.UsedByOthersBytes - Math.Max(leased, kept);
        }

        private void OnTaken(string agent, Placement placement, int? preferred = null)
        {
            var config = _config.Agents[agent];
            var node = _nodes[placement.Node!];
            That(HasRoom(config, node), $"'{agent}' was given a slot on '{node.Name}' that it does not have");
            var bytes = config.Resources.GpuMemoryBytes;
            if (bytes > 0 && node.Gpus is { } gpus)
            {
                var taken = gpus.Single(g => g.Index == placement.Gpu);
                That(FreeOn(node, taken, agent) >= bytes, "the memory of a GPU is over-committed");
                var passedOver = _nodes.Count == 1 && !_needsChange && preferred is not null && preferred != placement.Gpu
                    && gpus.Any(g => g.Index == preferred && FreeOn(node, g, agent) >= bytes);
                That(!passedOver, "the GPU that was chosen had room, and another was taken");
            }
            _held.Add(new Held(agent, node.Name, placement.Gpu, placement.Gpu is null ? 0 : bytes));
        }

        private void Take()
        {
            var agent = AnyAgent();
            if (_table.TryTake(agent, _random.Next(2) == 0 ? null : AnyNode()) is { } placement)
            {
                OnTaken(agent, placement);
            }
        }

        private void Wait()
        {
            var agent = AnyAgent();
            int? gpu = _random.Next(2) == 0 ? _random.Next(3) : null;
            var waiter = new Waiter(p => OnTaken(agent, p, gpu));
            var request = new SlotRequest(
                agent, _random.Next(3), DateTimeOffset.UnixEpoch.AddSeconds(_random.Next(3)), waiter, $"{_random.Next(2)}")
            {
                Near = AnyNode(),
                Gpu = gpu,
            };
            _requests.Add(request);
            _table.Wait(request);
            _requests.RemoveAll(r => r.Granted is not null);
        }

        private void Withdraw()
        {
            var request = _requests[_random.Next(_requests.Count)];
            That(_table.Withdraw(request) == request.Granted is null, "a withdrawal says what is not so");
            _requests.RemoveAll(r => r == request || r.Granted is not null);
        }

        private void Release()
        {
            var held = _held[_random.Next(_held.Count)];
            _held.Remove(held);
            _table.Release(held.Agent, held.Node, held.Gpu);
        }

        // What runs already is counted wherever it runs, room or not.
        private void Adopt()
        {
            var (agent, node) = (AnyAgent(), _nodes[AnyNode()!]);
            var bytes = _config.Agents[agent].Resources.GpuMemoryBytes;
            int? gpu = bytes > 0 && node.Gpus is { IsEmpty: false } gpus ? gpus[_random.Next(gpus.Length)].Index : null;
            _held.Add(new Held(agent, node.Name, gpu, gpu is null ? 0 : bytes));
            _table.Adopt(agent, node.Name, gpu);
        }

        private void RemoveNode()
        {
            if (AnyNode() is { } node)
            {
                _nodes.Remove(node);
                _held.RemoveAll(h => h.Node == node);
                _table.RemoveNode(node);
            }
        }

        private void PutNode()
        {
            var node = new NodeState
            {
                Name = $"n{_random.Next(4)}",
                Queues = _random.Next(3) == 0 ? null : [s_queues[_random.Next(2)]],
                Gpus = _random.Next(4) == 0 ? null :
                [
                    .. Enumerable.Range(0, _random.Next(3))
                        .Select(i => new GpuState(i, "gpu", _random.Next(2, 9), _random.Next(4), AnyUse())
                        {
                            WarmAgents = _random.Next(2) == 0 ? [] : [AnyAgent()],
                        }),
                ],
                Draining = _random.Next(5) == 0,
                WarmAgents = _random.Next(2) == 0 ? [] : [AnyAgent()],
            };
            _nodes[node.Name] = node;
            _table.PutNode(node);
        }

        private void Configure()
        {
            _config = new GridConfig
            {
                Agents = Enumerable.Range(0, 3).Select(i => new AgentConfig
                {
                    Name = $"a{i}",
                    MaxConcurrency = _random.Next(1, 4),
                    MaxConcurrencyTotal = _random.Next(2) == 0 ? null : _random.Next(1, 6),
                    Queue = s_queues[_random.Next(2)],
                    Resources = new AgentResources(_needsChange ? _random.Next(5) : _needs[i]),
                }).ToImmutableSortedDictionary(a => a.Name, a => a),
                Queues = s_queues.ToImmutableSortedDictionary(
                    q => q, q => new QueueConfig(q, _random.Next(2) == 0 ? null : _random.Next(1, 5))),
            };
            _table.Configure(_config);
        }

        private int AnyUse() => _random.Next(2) == 0 ? 0 : _random.Next(1, 7);

        private string AnyAgent() => $"a{_random.Next(3)}";

        private string? AnyNode() =>
            _nodes.Count == 0 ? null : _nodes.Keys.Order(StringComparer.Ordinal).ElementAt(_random.Next(_nodes.Count));

        private void That(bool holds, string otherwise) => Assert.True(holds, $"{otherwise}, {_seed}");
    }

    private sealed class Waiter(Action<Placement> taken) : ISlotWaiter
    {
        public void OnGranted(Placement placement) => taken(placement);

        public void OnAgentGone() => throw new InvalidOperationException("no agent is ever removed here");
    }
}
