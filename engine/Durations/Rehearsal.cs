using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Durations;

/// <summary>
/// Plays a run on the slots that are free, step by step in each of the usual orders: the longest path first is nearly always best,
/// but there are plans in which another order ends clearly earlier.
/// </summary>
internal sealed class Rehearsal(Plan plan, double[] seconds, double[] paths)
{
    /// <summary>Plans with more steps go by their longest paths.</summary>
    public const int MostSteps = 500;

    // Nothing takes exactly as long as before, so that what is best only then is not best.
    private const int Variants = 6;
    private const double Noise = 0.03;

    // Another order must end earlier by more than that.
    private const double ClearlyEarlier = 0.997;

    private readonly int[] _missing = new int[seconds.Length];
    private readonly double[] _times = new double[seconds.Length];

    /// <summary>The order in which runs end first.</summary>
    /// <param name="lines">For each step, in which line it waits.</param>
    /// <param name="slots">For each line, how many of its steps can run at once.</param>
    public StepOrder Best(int[] lines, int[] slots)
    {
        var best = new StepOrder(UrgencyKind.LongestPath, seconds, paths);
        var shortest = TimeOf(best, lines, slots) * ClearlyEarlier;
        foreach (var by in (ReadOnlySpan<UrgencyKind>)[UrgencyKind.LongestStep, UrgencyKind.FirstCome])
        {
            var other = best with { By = by };
            if (TimeOf(other, lines, slots) is var time && time < shortest)
            {
                (best, shortest) = (other, time);
            }
        }
        return best;
    }

    private double TimeOf(StepOrder order, int[] lines, int[] slots)
    {
        var sum = 0.0;
        for (var variant = 0; variant < Variants; variant++)
        {
            for (var i = 0; i < _times.Length; i++)
            {
                // Spread evenly between minus one and one, another way in each variant; in the first there is none.
                var spread = variant == 0 ? 0 : (((i + 1L) * 7_919 * variant) % 1_009 / 504.0) - 1;
                _times[i] = seconds[i] * (1 + (Noise * spread));
            }
            sum += Play(order, lines, slots);
        }
        return sum;
    }

    private double Play(StepOrder order, int[] lines, int[] slots)
    {
        var waiting = Array.ConvertAll(slots, static _ => new PriorityQueue<int, (double, int)>());
        var running = new PriorityQueue<int, (double, int)>();
        var free = slots.ToArray();
        var (now, came) = (0.0, 0);
        for (var i = 0; i < _missing.Length; i++)
        {
            _missing[i] = plan.Needs[i].Length;
            if (_missing[i] == 0)
            {
                waiting[lines[i]].Enqueue(i, (-order.Of(i).Rank, came++));
            }
        }
        while (true)
        {
            for (var line = 0; line < free.Length; line++)
            {
                for (; free[line] > 0 && waiting[line].TryDequeue(out var next, out _); free[line]--)
                {
                    running.Enqueue(next, (now + _times[next], next));
                }
            }
            if (!running.TryDequeue(out var ended, out var at))
            {
                return now;
            }
            now = at.Item1;
            free[lines[ended]]++;
            foreach (var dependant in plan.Dependants[ended])
            {
                if (--_missing[dependant] == 0)
                {
                    waiting[lines[dependant]].Enqueue(dependant, (-order.Of(dependant).Rank, came++));
                }
            }
        }
    }
}
