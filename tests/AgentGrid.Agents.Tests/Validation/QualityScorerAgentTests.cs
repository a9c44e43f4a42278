using System.Numerics;
using System.Text.Json;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Validation;
using AgentGrid.Core;

namespace AgentGrid.Agents.Tests.Validation;

public sealed class QualityScorerAgentTests
{
    private static readonly Json Good = Pipeline.Run(Pipeline.Generator, Snapshots.QuickStart).Motion;

    [Fact]
    public void Invoke_GoodMotion_ScoresHigh()
    {
        var answer = Run(Good, Snapshots.QuickStart);

        Assert.Equal(1, answer.GetProperty("coverage").GetDouble());
        Assert.InRange(answer.GetProperty("score").GetDouble(), 0.9, 1);
        Assert.InRange(answer.GetProperty("log_dimensionless_jerk").GetDouble(), -9, -5);
    }

    [Fact]
    public void Invoke_ShakingMotion_ScoresLessForSmoothness()
    {
        var random = new Random(1);
        var shaking = Damage.To(Good, m => m.Move(
            .., Enumerable.Range(0, Skeleton.Count), _ => (0, 0, (random.NextDouble() - 0.5) * 0.1)));
        var answer = Run(shaking, Snapshots.QuickStart);

        Assert.Equal(1, answer.GetProperty("coverage").GetDouble());
        Assert.InRange(answer.GetProperty("smoothness").GetDouble(), 0, 0.3);
    }

    [Fact]
    public void Invoke_ShakingWithoutPeeks_ScoresLessForSmoothness()
    {
        var random = new Random(1);
        var still = Invocations.Run(new MotionGeneratorAgent());
        var shaking = Damage.To(still, m => m.Move(
            .., Enumerable.Range(0, Skeleton.Count), _ => (0, 0, (random.NextDouble() - 0.5) * 0.1)));

        Assert.Equal(1, Run(still, "{}").GetProperty("score").GetDouble());
        Assert.InRange(Run(shaking, "{}").GetProperty("smoothness").GetDouble(), 0, 0.3);
    }

    [Theory]
    [InlineData(1.2, 0.3333)]
    [InlineData(2.2, 0.6667)]
    [InlineData(3.0, 1)]
    public void Invoke_ShortMotion_CoversAShareOfThePeeks(double duration, double coverage)
    {
        var motion = Invocations.Run(
            new MotionGeneratorAgent(), Snapshots.QuickStart, Json.From(new { duration }).ToString(),
            ("prompt", Json.Parse("""{"directions": {"player": "p1", "peeks": [1, 2, 2.5]}}""")));

        Assert.Equal(coverage, Run(motion, Snapshots.QuickStart).GetProperty("coverage").GetDouble());
    }

    [Fact]
    public void Invoke_UnreadableMotion_ScoresNothing()
    {
        var answer = Run(Damage.To(Good, m => m["frames"] = null), Snapshots.QuickStart);

        Assert.Equal(0, answer.GetProperty("score").GetDouble());
        Assert.Contains("no frames", answer.GetProperty("message").GetString());
    }

    [Fact]
    public void Invoke_NoMotion_IsAFailure()
    {
        var agent = new QualityScorerAgent();

        Refusal.Of(agent, Invocations.Of(agent, Snapshots.QuickStart), "no_motion", "quality_scorer");
    }

    // For a minimum-jerk reach of length A in time T: the integral of jerk squared is 720 A^2 / T^5 (Flash and Hogan),
    // the peak speed 1.875 A / T, so the dimensionless jerk is 720 / 1.875^2 = 204.8. Out and back takes twice the
    // time for twice the integral: 16 times as much.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(0.2, 5)]
    public void LogDimensionlessJerk_MinimumJerkReach_IsAsDerived(double seconds, double metres)
    {
        var reach = Enumerable.Range(0, 201).Select(i => (float)(metres * MinimumJerk.At(i / 200.0)));
        Vector3[] way = [.. reach.Select(x => new Vector3(x, 0, 0))];
        Vector3[] andBack = [.. way, .. way.Reverse().Skip(1)];

        Assert.Equal(-Math.Log(204.8), Smoothness.LogDimensionlessJerk(way, seconds / 200)!.Value, 0.15);
        Assert.Equal(-Math.Log(204.8 * 16), Smoothness.LogDimensionlessJerk(andBack, seconds / 200)!.Value, 0.15);
    }

    [Fact]
    public void LogDimensionlessJerk_NothingMoves_IsUnknown()
    {
        Assert.Null(Smoothness.LogDimensionlessJerk(new Vector3[50], 0.1));
        Assert.Null(Smoothness.LogDimensionlessJerk([Vector3.Zero, Vector3.One], 0.1));
    }

    private static JsonElement Run(Json motion, string posted) =>
        Invocations.Run(new QualityScorerAgent(), posted, null, ("motion", motion)).Element;
}
