using System.Collections.Immutable;
using System.Threading.Channels;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Dispatch;

/// <summary>Tells the dispatcher things for which nobody waits: at once, and as many in one call as have come up meanwhile.</summary>
internal abstract class WordsForDispatcher<T>(IGrainFactory grains, Channel<T> words) : BackgroundService
{
    private const int MostAtOnce = 1_000;

    protected void Say(T word) => words.Writer.TryWrite(word);

    protected abstract Task TellAsync(IDispatcherGrain dispatcher, ImmutableArray<T> some);

    /// <summary>Some were not heard, perhaps.</summary>
    protected abstract void OnLost(LogLevel level, Exception exception, int count);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var dispatcher = grains.GetGrain<IDispatcherGrain>(0);
        var some = ImmutableArray.CreateBuilder<T>();
        await foreach (var word in words.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            some.Add(word);
            while (some.Count < MostAtOnce && words.Reader.TryRead(out var next))
            {
                some.Add(next);
            }
            try
            {
                await TellAsync(dispatcher, some.ToImmutable()).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever keeps the dispatcher from answering: it is no reason to end this silo.
                OnLost(Transient.Is(e) ? LogLevel.Debug : LogLevel.Warning, e, some.Count);
            }
            some.Clear();
        }
    }
}
