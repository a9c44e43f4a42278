namespace AgentGrid.Core;

/// <summary>What an exception says, in one message.</summary>
public static class ExceptionReason
{
    /// <summary>The message of the innermost exception: what is around it says only that there was one, unless it quotes it.</summary>
    public static string Of(Exception exception)
    {
        var inner = exception.GetBaseException();
        return exception.Message.Contains(inner.Message, StringComparison.Ordinal) ? exception.Message : inner.Message;
    }
}
