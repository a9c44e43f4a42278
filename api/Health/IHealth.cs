namespace AgentGrid.Api.Health;

/// <summary>How a process is, for probes and for people.</summary>
public interface IHealth
{
    /// <summary>Whether it can do its work now; what <c>/health/ready</c> says.</summary>
    ValueTask<bool> IsReadyAsync(CancellationToken cancellationToken);

    /// <summary>What it knows of itself; what <c>/health</c> says.</summary>
    ValueTask<IHealthView> DescribeAsync(CancellationToken cancellationToken);
}

/// <summary>What a process knows of itself; the answer has all public properties of the type that implements it.</summary>
public interface IHealthView
{
    /// <summary>Whether it can do its work now.</summary>
    bool Ready { get; }
}
