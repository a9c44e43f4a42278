namespace AgentGrid.Embedded.Tests.Simulation;
public sealed class DebugTests(ITestOutputHelper output)
{
    [Fact]
    public void Debug()
    {
        var bad = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var s = SimulationSettings.Of(seed);
            var a = Simulations.Trace(s);
            var b = Simulations.Trace(s);
            for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
            {
                var x = i < a.Count ? a[i] : "-"; var y = i < b.Count ? b[i] : "-";
                if (x != y) { output.WriteLine($"{s}\n" + string.Join('\n', a.Take(i).TakeLast(10)) + $"\nline {i}\n  {x}\n  {y}"); bad++; break; }
            }
            if (bad > 4) break;
        }
        output.WriteLine($"bad {bad}");
        Assert.Equal(0, bad);
    }
}
