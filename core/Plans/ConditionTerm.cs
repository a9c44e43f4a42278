using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>A parsed part of a condition that is true or false.</summary>
internal abstract class ConditionTerm
{
    private ConditionTerm()
    {
    }

    public abstract bool Holds(Func<string, Json?> root);

    internal sealed class All(ImmutableArray<ConditionTerm> terms) : ConditionTerm
    {
        public override bool Holds(Func<string, Json?> root)
        {
            foreach (var term in terms)
            {
                if (!term.Holds(root))
                {
                    return false;
                }
            }
            return true;
        }
    }

    internal sealed class Any(ImmutableArray<ConditionTerm> terms) : ConditionTerm
    {
        public override bool Holds(Func<string, Json?> root)
        {
            foreach (var term in terms)
            {
                if (term.Holds(root))
                {
                    return true;
                }
            }
            return false;
        }
    }

    internal sealed class Not(ConditionTerm term) : ConditionTerm
    {
        public override bool Holds(Func<string, Json?> root) => !term.Holds(root);
    }

    internal sealed class Truth(ConditionOperand operand) : ConditionTerm
    {
        public override bool Holds(Func<string, Json?> root) => JsonComparison.IsTruthy(operand.Value(root));
    }

    internal sealed class Comparison(ConditionOperand left, Comparer comparer, ConditionOperand right) : ConditionTerm
    {
        public override bool Holds(Func<string, Json?> root)
        {
            var (a, b) = (left.Value(root), right.Value(root));
            return comparer switch
            {
                Comparer.Equal => JsonComparison.AreEqual(a, b),
                Comparer.NotEqual => !JsonComparison.AreEqual(a, b),
                Comparer.Less => JsonComparison.Order(a, b) < 0,
                Comparer.LessOrEqual => JsonComparison.Order(a, b) <= 0,
                Comparer.Greater => JsonComparison.Order(a, b) > 0,
                Comparer.GreaterOrEqual => JsonComparison.Order(a, b) >= 0,
                _ => throw new InvalidOperationException($"'{comparer}' is not a comparison."),
            };
        }
    }
}

internal enum Comparer
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>One side of a comparison: a path, or a literal.</summary>
internal readonly record struct ConditionOperand(ValuePath? Path, JsonElement Literal)
{
    public JsonElement? Value(Func<string, Json?> root) => Path is null ? Literal : Path.Find(root)?.Element;
}
