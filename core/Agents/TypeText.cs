namespace AgentGrid.Core.Agents;

/// <summary>Names of .NET types as C# has them.</summary>
internal static class TypeText
{
    /// <summary><c>MyAgents.Captioner.Input</c>, <c>System.Collections.Generic.List&lt;System.Int32&gt;</c>.</summary>
    public static string Of(Type type)
    {
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!)}[]";
        }
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return $"{Of(value)}?";
        }
        var name = (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName?.Replace('+', '.') ?? type.Name;
        return type.IsGenericType && name.IndexOf('`', StringComparison.Ordinal) is > 0 and var end
            ? $"{name[..end]}<{string.Join(", ", type.GetGenericArguments().Select(Of))}>"
            : name;
    }
}
