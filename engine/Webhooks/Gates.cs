namespace AgentGrid.Engine.Webhooks;

/// <summary>Lets so many through at once for each name, in the order in which they came. A name that nobody uses takes no memory.</summary>
internal sealed class Gates(int most)
{
    private readonly Dictionary<string, Gate> _gates = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How many names somebody uses.</summary>
    public int Count
    {
        get
        {
            lock (_gates)
            {
                return _gates.Count;
            }
        }
    }

    /// <summary>Waits for its turn.</summary>
    /// <returns>To be disposed of by whoever has been let through.</returns>
    public async Task<IDisposable> EnterAsync(string name, CancellationToken cancellationToken)
    {
        Gate gate;
        lock (_gates)
        {
            if (!_gates.TryGetValue(name, out gate!))
            {
                _gates.Add(name, gate = new Gate(this, name, most));
            }
            gate.Users++;
        }
        try
        {
            await gate.Turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(gate);
            throw;
        }
        return new Pass(gate);
    }

    private void Leave(Gate gate)
    {
        lock (_gates)
        {
            if (--gate.Users == 0)
            {
                _gates.Remove(gate.Name);
            }
        }
    }

    private sealed class Gate(Gates all, string name, int most)
    {
        public Gates All { get; } = all;
        public string Name { get; } = name;
        public SemaphoreSlim Turns { get; } = new(most);
        public int Users { get; set; }
    }

    private sealed class Pass(Gate gate) : IDisposable
    {
        public void Dispose()
        {
            gate.Turns.Release();
            gate.All.Leave(gate);
        }
    }
}
