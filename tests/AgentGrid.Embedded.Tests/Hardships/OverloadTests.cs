using System.Diagnostics;
using System.Globalization;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>
/// Offered more than it can do. The engine can do exactly so many runs a tick, because the agents wait for the test; so
/// latency is counted in ticks, and what else the machine does changes nothing. Longer: AGENTGRID_OVERLOAD_SECONDS=60.
/// </summary>
[Collection(nameof(Alone))]
public sealed class OverloadTests : IDisposable
{
    private const int PerTick = 20;

    private readonly Scratch _folder = new();
    private readonly SemaphoreSlim _calls = new(0);
    private readonly SemaphoreSlim _permits = new(0);
    private readonly SemaphoreSlim _ends = new(0);
    private readonly Lock _gate = new();
    private readonly List<int> _latencies = [];
    private readonly Dictionary<string, int> _ended = [];
    private int _tick;
    private int _open;

    private static TimeSpan Duration { get; } = TimeSpan.FromSeconds(int.Parse(
        Environment.GetEnvironmentVariable("AGENTGRID_OVERLOAD_SECONDS") ?? "3", CultureInfo.InvariantCulture));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TwiceTheLoad_AcceptedRunsKeepTheirLatencyTheRestIsRefusedAndMemoryIsBounded()
    {
        await using var grid = await StartAsync(queued: PerTick);
        Assert.Equal(2 * PerTick, await OfferAsync(grid, 2 * PerTick));
        for (var i = 0; i < 50; i++)
        {
            await TickAsync();
            Assert.Equal(PerTick, await OfferAsync(grid, PerTick));
        }
        var atTheLimit = _latencies.Max();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        _latencies.Clear();

        var (offered, accepted, clock) = (0, 0, Stopwatch.StartNew());
        while (clock.Elapsed < Duration)
        {
            accepted += await OfferAsync(grid, 2 * PerTick);
            offered += 2 * PerTick;
            await TickAsync();
        }

        Assert.True(_latencies.Max() <= 2 * atTheLimit, $"{_latencies.Max()} ticks, and {atTheLimit} at the limit");
        Assert.InRange(accepted, (offered / 2) - (2 * PerTick), (offered / 2) + (2 * PerTick));
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(grown < 48 << 20, $"memory has grown by {grown:N0} bytes");

        clock.Restart();
        _permits.Release(1_000_000);
        Assert.Equal(RunStatus.Completed, (await grid.EndOfAsync(await AcceptAsync(grid))).Status);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"took {clock.Elapsed} to recover");
    }

    [Fact]
    public async Task OneTenantPostsTenThousandRuns_TheOtherIsServedNext()
    {
        await using var grid = await StartAsync(queued: 10_000);
        var refused = 0;
        for (var i = 0; i < 10_000; i++)
        {
            refused += await SubmitAsync(grid, "greedy") ? 0 : 1;
        }
        Assert.InRange(refused, 500, 2_000);
        for (var i = 0; i < 30; i++)
        {
            Assert.True(await SubmitAsync(grid, "modest"));
        }

        // While both wait, each has every other turn; those of the first that were under way end before.
        for (var i = 0; i < 4; i++)
        {
            await TickAsync();
        }

        Assert.Equal(30, _ended["modest"]);
        _permits.Release(1_000_000);
    }

    private Task<GatedGrid> StartAsync(int queued) => GatedGrid.StartAsync(
        _folder.Folder,
        work: token =>
        {
            _calls.Release();
            return _permits.WaitAsync(token);
        },
        configure: options =>
        {
            options.MaxActiveRuns = PerTick;
            options.MaxQueuedRuns = queued;
            options.Synchronous = JournalSync.Normal;
        });

    private async Task<int> OfferAsync(GatedGrid grid, int runs) =>
        (await Task.WhenAll(Enumerable.Range(0, runs).Select(_ => SubmitAsync(grid, tenant: null)))).Count(a => a);

    // Lets as many runs end as the engine can do, when all of them have come to their agent, and waits until they have.
    private async Task TickAsync()
    {
        _tick++;
        var ending = Math.Min(PerTick, _open);
        for (var i = 0; i < ending; i++)
        {
            Assert.True(await _calls.WaitAsync(TimeSpan.FromMinutes(1)), "a run does not come to its agent");
        }
        _permits.Release(ending);
        for (var i = 0; i < ending; i++)
        {
            Assert.True(await _ends.WaitAsync(TimeSpan.FromMinutes(1)), "a run does not end");
            _open--;
        }
    }

    private async Task<bool> SubmitAsync(GatedGrid grid, string? tenant)
    {
        switch (await grid.SubmitAsync(tenant))
        {
            case SubmitResult.Accepted accepted:
                Interlocked.Increment(ref _open);
                _ = WatchAsync(grid, accepted.Run, tenant ?? "", _tick);
                return true;
            case SubmitResult.Overloaded overloaded:
                Assert.InRange(overloaded.RetryAfter.TotalSeconds, 1, 60);
                return false;
            case var other:
                throw new InvalidOperationException($"answered with {other}");
        }
    }

    private async Task WatchAsync(GatedGrid grid, RunSummary run, string tenant, int since)
    {
        await grid.EndOfAsync(run);
        lock (_gate)
        {
            _latencies.Add(_tick - since);
            _ended[tenant] = _ended.GetValueOrDefault(tenant) + 1;
        }
        _ends.Release();
    }

    private static async Task<RunSummary> AcceptAsync(GatedGrid grid)
    {
        while (true)
        {
            if (await grid.SubmitAsync() is SubmitResult.Accepted accepted)
            {
                return accepted.Run;
            }
            await Task.Yield();
        }
    }
}
