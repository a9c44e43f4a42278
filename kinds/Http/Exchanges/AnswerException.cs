namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>Why an attempt has failed: the service has answered with something else than a result.</summary>
/// <param name="status">Of the answer; null for one that is no failure by itself.</param>
internal sealed class AnswerException(int? status, string message) : Exception(message)
{
    /// <summary>The status of the answer; null for one that is no failure by itself.</summary>
    public int? Status { get; } = status;

    /// <summary>It does not let us in, whatever we ask.</summary>
    public bool RefusesUs => Status is 401 or 403 or 407;
}

/// <summary>Why an attempt has failed: what the configuration refers to is not there, or cannot be used.</summary>
internal sealed class UnpreparedException(string message, Exception? inner = null) : Exception(message, inner);
