using System.Collections.Concurrent;
using AgentGrid.Streams.Tests.Hosting;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>What one subscriber got. It can be stopped at an event until it is let on.</summary>
internal sealed class Inbox : IAsyncObserver<Numbered>, IAsyncBatchObserver<Numbered>
{
    public const string ContextKey = "number";

    private static readonly ConcurrentDictionary<string, Inbox> s_named = [];

    private readonly ConcurrentQueue<SequentialItem<Numbered>> _items = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _letOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The number at which it stops; 0 for none.</summary>
    public int StopsAt { get; init; }

    public ConcurrentQueue<Exception> Errors { get; } = new();

    /// <summary>How many events came in each call.</summary>
    public ConcurrentQueue<int> Calls { get; } = new();

    /// <summary>The producer's context of each call.</summary>
    public ConcurrentQueue<object?> Contexts { get; } = new();

    /// <summary>When it has got the event at which it stops.</summary>
    public Task Reached => _reached.Task;

    public int[] Numbers => [.. _items.Select(static i => i.Item.Number)];

    public StreamSequenceToken[] Tokens => [.. _items.Select(static i => i.Token)];

    /// <summary>Of a grain of this process.</summary>
    public static Inbox Of(string grain) => s_named.GetOrAdd(grain, static _ => new());

    public static void Put(string grain, Inbox inbox) => s_named[grain] = inbox;

    public void LetOn() => _letOn.TrySetResult();

    public Task OnNextAsync(Numbered item, StreamSequenceToken? token) => TakeAsync([new(item, token!)]);

    public Task OnNextAsync(IList<SequentialItem<Numbered>> items) => TakeAsync(items);

    public Task OnErrorAsync(Exception ex)
    {
        Errors.Enqueue(ex);
        return Task.CompletedTask;
    }

    /// <summary>Waits for the number; whether others are missing is not looked at.</summary>
    public Task HasAsync(int number) => Limits.UntilAsync(
        () => Numbers.Contains(number),
        () => $"{number} has not come, but {Numbers.Length} others up to {Numbers.DefaultIfEmpty().Max()}; errors: "
            + $"{string.Join("; ", Errors.Select(static e => e.Message))}.");

    private async Task TakeAsync(IList<SequentialItem<Numbered>> items)
    {
        Calls.Enqueue(items.Count);
        Contexts.Enqueue(RequestContext.Get(ContextKey));
        foreach (var item in items)
        {
            _items.Enqueue(item);
        }
        if (items.Any(i => StopsAt != 0 && i.Item.Number == StopsAt))
        {
            _reached.TrySetResult();
            await _letOn.Task;
        }
    }
}
