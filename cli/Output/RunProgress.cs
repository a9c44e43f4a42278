using AgentGrid.Cli.Client;
using Spectre.Console;

namespace AgentGrid.Cli.Output;

/// <summary>A run as it goes on: a bar a step on a terminal, a line an event elsewhere, nothing for programs.</summary>
internal sealed class RunProgress(Screen screen)
{
    /// <summary>Shows the events until there are no more.</summary>
    public async Task ShowAsync(
        RunView run, IAsyncEnumerable<FeedLine> events, CancellationToken cancellationToken)
    {
        if (screen.IsLive)
        {
            await screen.Console.Progress()
                .Columns(
                    new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(),
                    new PercentageColumn(), new ElapsedTimeColumn())
                .StartAsync(context => DrawAsync(new StepBars(context, run), events, cancellationToken));
            return;
        }
        await foreach (var line in events.WithCancellation(cancellationToken))
        {
            if (!screen.Json)
            {
                screen.Line(EventText.Of(line, withRun: false));
            }
        }
    }

    private static async Task DrawAsync(
        StepBars bars, IAsyncEnumerable<FeedLine> events, CancellationToken cancellationToken)
    {
        await foreach (var line in events.WithCancellation(cancellationToken))
        {
            bars.Take(line);
        }
    }

    /// <summary>One bar a step, in the order of the plan.</summary>
    private sealed class StepBars
    {
        private readonly Dictionary<string, ProgressTask> _bars = new(StringComparer.Ordinal);
        private readonly Dictionary<(string Step, int Attempt), double> _fractions = [];
        private readonly Dictionary<string, int> _branches = new(StringComparer.Ordinal);

        public StepBars(ProgressContext context, RunView run)
        {
            foreach (var step in run.Steps)
            {
                _bars[step.Id] = context.AddTask(Describe(step.Id, "pending"), autoStart: false);
            }
        }

        public void Take(FeedLine line)
        {
            if (line.Step is null || !_bars.TryGetValue(line.Step, out var bar))
            {
                return;
            }
            if (line.Agent is null)
            {
                TakeStep(line, bar);
                return;
            }
            if (!bar.IsStarted)
            {
                bar.StartTask();
            }
            var what = line.Stage[(line.Agent.Length + 1)..];
            bar.Description = Describe(line.Step, $"{line.Agent} {what} {line.Text("message")}");
            _fractions[(line.Step, line.Attempt ?? 1)] = what switch
            {
                "succeeded" => 1,
                "progress" when line.Meta.TryGetProperty("fraction", out var fraction) => fraction.GetDouble(),
                _ => _fractions.GetValueOrDefault((line.Step, line.Attempt ?? 1)),
            };
            bar.Value = Math.Min(99, 100 * Share(line.Step));
        }

        private void TakeStep(FeedLine line, ProgressTask bar)
        {
            var what = line.Stage[(line.Step!.Length + 1)..];
            if (what is "fan_out" && line.Meta.TryGetProperty("branches", out var branches))
            {
                _branches[line.Step] = branches.GetInt32();
            }
            if (what is "done" or "skipped" or "failed")
            {
                bar.Description = Describe(line.Step, what);
                bar.Value = what == "failed" ? bar.Value : 100;
                bar.StopTask();
            }
        }

        // Of branches that must all succeed the mean counts, of racers and retries the best.
        private double Share(string step)
        {
            var shares = _fractions.Where(f => f.Key.Step == step).Select(f => f.Value);
            return _branches.TryGetValue(step, out var branches)
                ? shares.Sum() / Math.Max(1, branches)
                : shares.DefaultIfEmpty().Max();
        }

        private static string Describe(string step, string what) =>
            Markup.Escape(PlainText.Of($"{step}: {what}".TrimEnd()));
    }
}
